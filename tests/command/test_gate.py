"""``dagprof gate`` as people and CI jobs call it: a real Airflow, a real git repository, exit
codes, files, nothing left behind.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import msgspec
import pytest
from support import TARGET, call, dag, write
from unit.page import Page

import dagprof
from dagprof.gate.verdict import Verdict

SLEEP = "import time\ntime.sleep(0.4)\n"
# Changes are far beyond the limits, and limits far beyond what a busy machine does.
LIMITS = ("--absolute", "150ms", "--time-budget", "60s")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(autouse=True, scope="module")
def own_git(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """No setting of the machine's git, and no CI system around these tests, takes part."""
    config = tmp_path_factory.mktemp("git") / "config"
    config.write_text("[user]\nname = a\nemail = a@example.com\n[init]\ndefaultBranch = main\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in [
            name
            for name in os.environ
            if name.startswith(("GIT_", "GITHUB_", "AIRFLOW", "DAGPROF_"))
        ]:
            if name != "DAGPROF_TEST_TARGET_PYTHON":
                patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", str(config))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


def repository(folder: Path) -> Path:
    """A repository with one commit: five DAG files, of which one imports a helper."""
    folder.mkdir()
    write(
        folder,
        {
            "dags/uses.py": dag("uses", "from common import helper\n"),
            "dags/plain.py": dag("plain"),
            "dags/old.py": dag("old"),
            "dags/breaks.py": dag("breaks"),
            "dags/team/own.py": dag("own"),
            "dags/common/__init__.py": "",
            "dags/common/helper.py": "x = 1\n",
            "README.md": "text\n",
            ".gitignore": "/reports\n",
        },
    )
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository")


def state(folder: Path) -> tuple[str, ...]:
    """All that a gate run could leave behind in a repository."""
    ignored = git(
        folder,
        "status",
        "--porcelain",
        "--ignored",
        "--untracked-files=all",
        "--",
        ".",
        ":!reports",
    )
    return (
        ignored,
        git(folder, "worktree", "list"),
        git(folder, "branch", "-a"),
        git(folder, "stash", "list"),
    )


def gate(cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return call("gate", *arguments, cwd=cwd, **environment)


def page_of(folder: Path) -> Page:
    return Page((folder / "gate.html").read_text(encoding="utf-8"))


def verdict(folder: Path) -> Verdict:
    return msgspec.json.decode((folder / "gate.json").read_bytes(), type=Verdict)


class Everything(NamedTuple):
    """One run over a change that holds all kinds of things, its reports, and the repository
    before and after.
    """

    done: subprocess.CompletedProcess[str]
    folder: Path
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        return verdict(self.folder / "reports")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """A slower helper, a file that breaks, a deleted one, a new one; committed, staged and not
    known to git.
    """
    folder = repository(tmp_path_factory.mktemp("gate") / "repository")
    git(folder, "checkout", "-q", "-b", "topic")
    (folder / "dags" / "old.py").unlink()
    git(folder, "commit", "-q", "-a", "-m", "second")
    write(folder, {"dags/breaks.py": dag("breaks", "import nothing_here\n")})
    git(folder, "add", "-A")
    write(folder, {"dags/common/helper.py": SLEEP, "dags/neu ä.py": dag("neu")})
    before = state(folder)
    done = gate(
        folder,
        *("dags", "--against", "main", "--python", TARGET, *LIMITS),
        *(
            "--format",
            "markdown",
            "--format",
            "json=reports/copy.json",
            "--format",
            "junit=reports/junit.xml",
        ),
        *("--format", "sarif=reports/gate.sarif", "--format", "gitlab=reports/quality.json"),
        *("--format", "html=reports/gate.html"),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(folder / "reports" / "summary.md"),
    )
    return Everything(done, folder, before, state(folder))


def test_a_regression_gives_exit_code_1(everything: Everything) -> None:
    assert everything.done.returncode == 1, everything.done.stderr
    assert "Traceback" not in everything.done.stderr
    assert everything.verdict.decision.value == "failed"


def test_only_what_the_change_reaches_is_measured(everything: Everything) -> None:
    found = everything.verdict
    assert {file.path: file.outcome.value for file in found.files} == {
        "dags/breaks.py": "cannot tell",
        "dags/neu ä.py": "new",
        "dags/old.py": "gone",
        "dags/uses.py": "regression",
    }
    assert found.unaffected == 2


def test_the_line_in_the_helper_is_blamed(everything: Everything) -> None:
    found = {finding.rule.value: finding for finding in everything.verdict.all_findings}
    assert (found["slower"].path, found["slower"].file, found["slower"].line) == (
        "dags/uses.py",
        "dags/common/helper.py",
        2,
    )
    assert "dags/common/helper.py:2 now sleeps" in found["slower"].message
    assert (found["import-error"].file, found["import-error"].line) == ("dags/breaks.py", 1)
    assert "no longer produces DAGs: ModuleNotFoundError" in found["import-error"].message


def test_nothing_is_left_in_the_repository(everything: Everything) -> None:
    assert everything.after == everything.before
    assert not list(everything.folder.rglob("__pycache__"))


def test_both_runs_are_kept(everything: Everything) -> None:
    base = dagprof.load(everything.folder / "reports" / "gate-base.json")
    head = dagprof.load(everything.folder / "reports" / "gate-head.json")
    assert {file.path for file in base.files} == {"breaks.py", "old.py", "uses.py"}
    assert {file.path for file in head.files} == {"breaks.py", "neu ä.py", "uses.py"}
    assert Path(head.root) == everything.folder / "dags"


def test_each_format_is_written_where_it_was_asked_for(everything: Everything) -> None:
    reports = everything.folder / "reports"
    assert json.loads((reports / "copy.json").read_text()) == json.loads(
        (reports / "gate.json").read_text()
    )
    sarif = json.loads((reports / "gate.sarif").read_text())
    assert {found["ruleId"] for found in sarif["runs"][0]["results"]} >= {"slower", "import-error"}
    assert ET.parse(reports / "junit.xml").getroot().tag == "testsuites"
    places = {
        found["location"]["path"] for found in json.loads((reports / "quality.json").read_text())
    }
    assert {"dags/common/helper.py", "dags/breaks.py"} <= places


def test_standard_output_holds_what_was_asked_for_and_people_read_standard_error(
    everything: Everything,
) -> None:
    assert "### dagprof: failed" in everything.done.stdout
    assert "Changed files" not in everything.done.stdout
    assert "Changed files" in everything.done.stderr


def test_on_github_lines_are_annotated_and_the_summary_is_written(everything: Everything) -> None:
    assert "::error file=dags/common/helper.py,line=2" in everything.done.stdout
    assert "### dagprof: failed" in (everything.folder / "reports" / "summary.md").read_text()


def test_the_page_says_what_the_gate_says(everything: Everything) -> None:
    told = {file.path: file for file in everything.verdict.files}
    page = page_of(everything.folder / "reports")
    words = {
        "regression": "slower",
        "improvement": "faster",
        "cannot tell": "unsure",
        "new": "added",
        "gone": "removed",
    }
    expected = {
        path: words[file.outcome.value]
        for path, file in told.items()
        if file.outcome.value in words
    }
    rows = {row["path"]: row for row in page.unpacked("comparison")["files"]}
    assert {path: row["change"] for path, row in rows.items()} == expected
    assert all(rows[path]["reason"].startswith(told[path].reason[:100]) for path in rows)
    text = (everything.folder / "reports" / "gate.html").read_text(encoding="utf-8")
    assert "<h2>Gate: failed</h2>" in text


def test_a_change_that_reaches_no_dag_file_passes(place: Path) -> None:
    write(place, {"README.md": "other\n", "dags/common/unused.py": "y = 1\n"})
    before = state(place)
    done = gate(place, "dags", "--against", "main", "--python", TARGET, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "The change affects no DAG file." in done.stderr
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert told["unaffected"] == 5
    assert state(place) == before


def test_a_change_of_comments_and_layout_is_not_measured(place: Path) -> None:
    helper = place / "dags" / "common" / "helper.py"
    helper.write_text("# why\n\nx = (\n    1\n)\n")
    plain = place / "dags" / "plain.py"
    plain.write_text("# a comment\n" + plain.read_text())
    done = gate(place, "dags", "--against", "main", "--python", TARGET, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "The change affects no DAG file." in done.stderr
    told = " ".join(done.stderr.split())
    assert "Only comments or layout changed in 2 files, such as dags/common/helper.py" in told
    plain.write_text(plain.read_text() + "\nMORE = 1\n")
    told = " ".join(gate(place, "dags", "--against", "main", "--python", TARGET).stdout.split())
    assert "Only comments or layout changed in dags/common/helper.py" in told
    assert "The change does not affect 4 files." in told


def test_files_behind_links_out_of_the_repository_are_named_and_not_new(
    place: Path, tmp_path: Path
) -> None:
    outside = write(tmp_path / "outside", {"far.py": dag("far", SLEEP), "team/b.py": dag("b")})
    # In a checkout elsewhere, a relative link leads to nothing.
    (place / "dags" / "far.py").symlink_to("../../outside/far.py")
    (place / "dags" / "linked").symlink_to(outside / "team")
    (place / "dags" / "inside.py").symlink_to("plain.py")
    # In a checkout elsewhere, an absolute link leads to the working tree.
    (place / "dags" / "absolute.py").symlink_to(place / "dags" / "plain.py")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "links")
    with (place / "dags" / "old.py").open("a") as stream:
        stream.write("x = 1\n")
    done = gate(place, "dags", "--python", TARGET, "--against", "HEAD", *LIMITS)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = " ".join(done.stdout.split())
    assert (
        "The gate did not compare 3 DAG files such as absolute.py, because a symbolic link in the"
        " path leads out of the repository. git stores no base version of files outside the"
        " repository."
    ) in shown
    assert "1 file compared" in shown
    assert "The change does not affect 5 files" in shown


def test_a_sample_of_the_files_that_use_a_helper_stands_for_all(place: Path) -> None:
    users = {f"dags/use_{n}.py": dag(f"use_{n}", "from common import helper\n") for n in range(9)}
    write(place, users)
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "more")
    write(
        place,
        {"dags/common/helper.py": "x = 1\n" + SLEEP, "dags/plain.py": dag("plain", "y = 1\n")},
    )
    done = gate(place, "dags", "--against", "main", "--python", TARGET, *LIMITS, "--sample", "3")
    assert done.returncode == 1, done.stderr
    told = " ".join((done.stdout + done.stderr).split())
    assert "The change may affect 10 unchanged DAG files. dagprof measured 2 of these" in told
    found = verdict(place / "reports")
    assert (len(found.files), found.left_out, found.unaffected) == (3, 8, 3)
    assert {each.outcome.value for each in found.files if each.path != "dags/plain.py"} == {
        "regression"
    }
    assert {(f.file, f.line) for f in found.all_findings if f.fails} == {
        ("dags/common/helper.py", 3)
    }


def test_limits_that_changed_are_told_to_hold_for_the_measured_files(place: Path) -> None:
    write(place, {"pyproject.toml": "[project]\nname = 'x'\n"})
    assert (
        "The limits in pyproject.toml changed"
        not in gate(place, "dags", "--against", "main", "--python", TARGET).stderr
    )
    write(place, {"pyproject.toml": "[project]\nname = 'x'\n[tool.dagprof.gate]\nbudget = '9s'\n"})
    done = gate(place, "dags", "--against", "main", "--python", TARGET)
    assert done.returncode == 0, done.stderr
    told = " ".join((done.stdout + done.stderr).split())
    assert "The limits in pyproject.toml changed" in told
    assert "To apply the limits to every file, use --all-files" in told


def test_a_renamed_file_is_compared_with_what_it_was(place: Path) -> None:
    variable = "from airflow.models import Variable\nVariable.get('k', default_var='')\n"
    write(
        place,
        {
            "dags/plain.py": dag("plain", variable),
            "dags/old.py": dag("old", variable + "x = 1\n" * 40),
        },
    )
    git(place, "commit", "-q", "-a", "-m", "second")
    git(place, "mv", "dags/plain.py", "dags/team/moved.py")
    git(place, "mv", "dags/old.py", "dags/slow.py")
    write(place, {"dags/slow.py": dag("old", variable + "x = 1\n" * 40 + SLEEP)})
    done = gate(place, "dags", "--against", "HEAD", "--python", TARGET, *LIMITS)
    assert done.returncode == 1, done.stderr
    told = {file.path: file for file in verdict(place / "reports").files}
    assert {path: file.outcome.value for path, file in told.items()} == {
        "dags/slow.py": "regression",
        "dags/team/moved.py": "unchanged",
    }
    assert told["dags/team/moved.py"].reason.endswith(". The file was renamed from dags/plain.py")
    assert [(each.rule.value, each.file, each.line) for each in told["dags/slow.py"].findings] == [
        ("slower", "dags/slow.py", 44)
    ]
    alone = gate(
        place,
        "dags/team/moved.py",
        "--bundle-root",
        "dags",
        "--against",
        "HEAD",
        "--python",
        TARGET,
        *LIMITS,
    )
    assert alone.returncode == 0, alone.stderr


@pytest.mark.parametrize(("until", "code"), [("2999-01-01", 0), ("2020-01-01", 1)])
def test_an_accepted_finding_passes_until_its_day(
    place: Path, tmp_path: Path, until: str, code: int
) -> None:
    """In a folder of the repository, which is reached by a link."""
    (tmp_path / "link").symlink_to(place)
    comment = f"time.sleep(0.4)  # dagprof: accept slower until {until}: moves next week\n"
    write(
        place,
        {
            "dags/team/own.py": dag("own", f"import time\n{comment}"),
            "dags/plain.py": dag("plain", SLEEP),
        },
    )
    folder = tmp_path / "link" / "dags" / "team"
    done = gate(place, str(folder), "--against", "main", "--python", TARGET, *LIMITS)
    assert done.returncode == code, done.stdout + done.stderr
    found = verdict(place / "reports")
    assert [file.path for file in found.files] == ["dags/team/own.py"]
    assert "moves next week" in " ".join(done.stdout.split())
    rules = {finding.rule.value: bool(finding.waived) for finding in found.all_findings}
    assert rules == ({"slower": True} if code == 0 else {"slower": False, "expired-waiver": False})


def test_what_cannot_be_told_passes_unless_it_was_asked_for(place: Path) -> None:
    needs = "import os\nassert os.environ.get('THE_URL', '').startswith('http')\n"
    write(place, {"dags/plain.py": dag("plain", needs)})
    arguments = ("dags/plain.py", "--against", "HEAD", "--python", TARGET)
    command = [sys.executable, "-m", "dagprof", "gate", *arguments]
    with subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()  # as `| head` does; the exit code tells nevertheless
        process.stdout = None
        _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert b"BrokenPipe" not in errors
    assert verdict(place / "reports").decision.value == "cannot tell"
    # A step summary that cannot be written does not change the exit code.
    on_github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(place / "gone" / "summary")}
    strict = gate(place, *arguments, "--fail-on", "unsure", **on_github)
    assert strict.returncode == 1, strict.stderr
    assert "Cannot add the verdict to the step summary '" in strict.stderr
    assert "Traceback" not in strict.stderr
    assert "Gate: failed. 1 finding in 1 file fails the gate." in strict.stdout
    assert "dags/plain.py cannot be compared" in " ".join(strict.stdout.split())


def test_an_interrupted_gate_leaves_nothing_behind(place: Path) -> None:
    write(place, {"dags/plain.py": dag("plain", "import time\ntime.sleep(20)\n")})
    before = state(place)
    command = [
        sys.executable,
        "-m",
        "dagprof",
        "gate",
        "dags",
        "--against",
        "main",
        "--python",
        TARGET,
    ]
    process = subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "tracing" in line:
            break
    assert "dagprof-base-" in git(place, "worktree", "list")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Interrupted before the gate reached a decision." in errors
    assert output == ""
    assert state(place) == before
    assert not (place / "reports" / "gate.json").exists()


def test_an_interpreter_without_airflow(place: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True
    )
    before = state(place)
    done = gate(place, "dags", "--against", "main", "--python", str(tmp_path / "bare"))
    assert done.returncode == 3
    assert "Airflow is not installed in" in done.stderr
    assert state(place) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Missing argument"),
        (("dags",), "Give --against REVISION (such as origin/main) or --baseline FILE"),
        (("dags", "--against", "main", "--baseline", "x.json"), "Use only one"),
        (("dags", "--against", "nowhere"), "The repository has no commit 'nowhere'"),
        (("dags", "--against", "--all"), "is not a revision"),
        (("nowhere", "--against", "main"), "There is no file or folder 'nowhere'"),
        (("new", "--against", "main"), "/new in main ("),
        (
            ("dags", "new", "--against", "main", "--bundle-root", "new"),
            "is outside the bundle root",
        ),
        (("dags/common", "--against", "main", "--python", TARGET), "There are no DAG files in"),
        (
            (str(Path(__file__).parent.anchor), "--against", "main"),
            "--against needs a git repository, but the DAG files are not in a repository",
        ),
        (("dags", "--against", "main", "--fail-on", "rain"), "Unknown rule 'rain' in --fail-on"),
        (("dags", "--against", "main", "--format", "pdf"), "Unknown format 'pdf'"),
        (("dags", "--against", "main", "--format", "json=README.md/x.json"), "Cannot write to"),
        (("dags", "--against", "main", "--output-dir", "README.md/below"), "Cannot write to"),
        (("dags", "--against", "main", "--absolute", "10"), "such as 50ms"),
        (("dags", "--against", "main", "--sample", "0"), "--sample must be at least 1."),
        (("dags", "--against", "main", "--false-alarms", "60%"), "between 0% and 50%"),
        (("dags", "--baseline", "none.json"), "Cannot read 'none.json'"),
        (("dags", "--baseline", "README.md"), "is not a run"),
        (("dags", "--baseline", "none.json", "--all-files"), "require --against"),
        (("dags", "--baseline", "none.json", "--against-python", TARGET), "require --against"),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    place: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    write(place, {"new/fresh.py": dag("fresh")})
    before = state(place)
    done = gate(place, *arguments)
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert state(place) == before


def test_a_baseline_tells_a_slowed_file(place: Path) -> None:
    arguments = [
        "scan",
        "dags",
        "--python",
        TARGET,
        "--save-baseline",
        "reports/baseline.json",
        "-q",
    ]
    subprocess.run(
        [sys.executable, "-m", "dagprof", *arguments], cwd=place, check=True, timeout=240
    )
    write(place, {"dags/plain.py": dag("plain", "import time\ntime.sleep(1)\n")})
    of_another_run = place / "reports" / "gate-base.json"
    shutil.copy(place / "reports" / "baseline.json", of_another_run)
    done = gate(
        place,
        "dags",
        "--baseline",
        "reports/baseline.json",
        "--python",
        TARGET,
        "--warn-on",
        "unsure",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdict(place / "reports")
    assert [finding.path for finding in found.all_findings if finding.fails] == ["dags/plain.py"]
    (slower,) = [file for file in found.files if file.path == "dags/plain.py"]
    assert slower.timing is not None
    assert len(slower.timing.head_samples_ms) == 10  # those in turns with the reference
    assert "line 2 now sleeps" in " ".join(done.stdout.split())
    assert "The reference parse, which shows how fast the machine is, takes" in " ".join(
        done.stdout.split()
    )
    assert len(found.files) == 5
    assert not of_another_run.exists()
    (place / "reports" / "baseline.json").rename(of_another_run)
    accepted = gate(
        place,
        "dags",
        "--baseline",
        "reports/gate-base.json",
        "--python",
        TARGET,
        "--ignore",
        "slower",
        "--quiet",
    )
    assert (accepted.returncode, accepted.stdout, accepted.stderr) == (0, "", "")
    assert of_another_run.exists()  # it is what was compared with


def project(folder: Path, dag_file: str) -> Path:
    """A repository whose DAG file needs its plugins folder, its root on the path, and a variable
    of a file that git ignores.
    """
    folder.mkdir()
    files = {
        "pyproject.toml": "[project]\nname = 'x'\n",
        ".gitignore": ".env\nreports\n",
        ".env": "STAGE=dev\n",
        "plugins/team_ops.py": "NAME = 'x'\n",
        "utils/names.py": "NAME = 'x'\n",
        "dags/a.py": dag_file,
    }
    write(folder, files)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def test_the_other_side_has_the_project_of_its_commit(tmp_path: Path) -> None:
    uses = (
        "import os\nfrom team_ops import NAME\nfrom utils.names import NAME\nassert"
        " os.environ['STAGE'] == 'dev'\n"
    )
    place = project(tmp_path / "repository", dag("a", uses))
    (place / "utils" / "names.py").write_text(SLEEP + "NAME = 'x'\n")
    done = call("gate", "dags", "--python", TARGET, "--against", "HEAD", *LIMITS, cwd=place)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Uses the plugins folder plugins/" in done.stderr
    assert "utils/names.py:2" in " ".join(done.stdout.split())
    base, head = (
        dagprof.load(place / "reports" / f"gate-{side}.json") for side in ("base", "head")
    )
    assert [file.status.value for run in (base, head) for file in run.files] == ["ok", "ok"]
    assert {module.file for module in head.modules if module.name == "utils.names"} == {
        str(place / "utils" / "names.py")
    }
    assert all(
        str(place) not in module.file for module in base.modules if module.name == "utils.names"
    )


def test_a_change_to_a_file_that_fails_in_both_versions_is_inconclusive(place: Path) -> None:
    write(place, {"dags/breaks.py": dag("breaks", "import nothing_here\n")})
    git(place, "commit", "-q", "-a", "-m", "broken")
    write(place, {"dags/breaks.py": dag("breaks", "import nothing_here\nx = 1\n")})
    done = gate(place, "dags", "--against", "HEAD", "--python", TARGET, *LIMITS)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = " ".join(done.stdout.split())
    assert (
        "Gate: inconclusive. No affected DAG file could be loaded, so dagprof compared no parse"
        " times. Other DAG files can be loaded." in shown
    )
    assert "1 file (dags/breaks.py) fails in both versions" in shown
    assert "so dagprof measured nothing" not in done.stderr


def test_a_change_to_a_file_that_fails_in_both_versions_fails_if_no_file_loads(place: Path) -> None:
    broken = [file for file in (place / "dags").rglob("*.py") if file.parent.name != "common"]
    for file in broken:
        write(place, {str(file.relative_to(place)): dag(file.stem, "import nothing_here\n")})
    # A file that mentions airflow and a dag, but defines none.
    write(place, {"dags/notes.py": "# airflow dag\n"})
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "broken")
    write(place, {"dags/breaks.py": dag("breaks", "import nothing_here\nx = 1\n")})
    done = gate(place, "dags", "--against", "HEAD", "--python", TARGET, *LIMITS)
    assert done.returncode == 3, done.stdout + done.stderr


def test_a_wrong_environment_does_not_pass(tmp_path: Path) -> None:
    place = project(tmp_path / "repository", dag("a", "import not_installed_here\n"))
    (place / "dags" / "a.py").write_text(dag("a", "import not_installed_here\nx = 1\n"))
    done = call("gate", "dags", "--python", TARGET, "--against", "HEAD", *LIMITS, cwd=place)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "The only file could not be loaded, so dagprof measured nothing" in done.stderr
    assert (
        "Gate: inconclusive. No DAG file could be loaded, so dagprof measured nothing."
        in done.stdout
    )
    assert json.loads((place / "reports" / "gate.json").read_text())["decision"] == "cannot tell"

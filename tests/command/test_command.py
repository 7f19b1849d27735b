"""The installed command, as people and CI jobs call it: output, files, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import TARGET, call, dag, write
from unit.page import Page

import dagprof

SLOW = "import time\ntime.sleep({seconds})\n"


def scan(cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return call("scan", "dags", "--python", TARGET, *arguments, cwd=cwd, **environment)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(
        tmp_path / "dags",
        {
            "a.py": dag("a", SLOW.format(seconds=0.05)),
            "b.py": dag("b"),
            "bad.py": "import nothing_here  # airflow dag",
        },
    )
    return tmp_path


def test_a_scan_prints_a_summary_and_writes_two_files(place: Path) -> None:
    done = scan(place, "--repeat", "1")
    assert done.returncode == 0, done.stderr
    assert "3 files with 2 DAGs take" in done.stdout
    assert (
        "bad.py:1  import error: ModuleNotFoundError: No module named 'nothing_here'" in done.stdout
    )
    assert "a.py:2" in done.stdout
    assert "3 of 3 files" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    run = dagprof.load(place / "reports" / "run.json")
    assert [file.path for file in run.files] == ["a.py", "b.py", "bad.py"]
    assert (place / "reports" / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert sorted(os.listdir(place / "reports")) == ["report.html", "run.json"]


def test_a_run_is_reported_again(place: Path) -> None:
    browser = place / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    done = scan(place, "--repeat", "1", "-q", "--source", "none", "--open", BROWSER=str(browser))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (place / "opened").read_text().strip() == (place / "reports" / "report.html").as_uri()
    pages = [Page((place / "reports" / "report.html").read_text())]
    for arguments in (
        ["-o", "all.html"],
        ["-o", "none.html", "--source", "none"],
        ["-o", "compared.html", "--baseline"],
    ):
        options = [*arguments, "reports/run.json"] if arguments[-1] == "--baseline" else arguments
        again = call("report", "reports/run.json", *options, cwd=place)
        assert (again.returncode, again.stderr) == (0, ""), again.stderr
        assert again.stdout == f"Written: {arguments[1]}\n"
        pages.append(Page((place / arguments[1]).read_text()))
    told = [
        [(detail.get("source"), detail.get("no_source")) for detail in page.details()]
        for page in pages
    ]
    without = (None, "This report contains no source code.")
    assert told[0] == told[2] == [without] * 3
    sources = [(place / "dags" / path).read_text() for path in pages[1].index["files"]["path"]]
    assert told[1] == told[3] == [(source, None) for source in sources]
    assert pages[3].unpacked("comparison")["files"] == []
    printed = call("report", "reports/run.json", "--format", "markdown", "-o", "-", cwd=place)
    assert printed.stdout.startswith("## 3 files with 2 DAGs take ")
    assert "- <code>bad.py:1</code>: ModuleNotFoundError" in printed.stdout
    written = call("report", "reports/run.json", "--format", "markdown", cwd=place)
    assert written.stdout == "Written: reports/report.md\n"
    assert (place / "reports" / "report.md").read_text() == printed.stdout


def test_quiet_says_nothing(place: Path) -> None:
    done = scan(place, "--repeat", "1", "--quiet", "--output-dir", "elsewhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (place / "elsewhere" / "run.json").exists()


def test_a_regression_against_a_baseline_gives_exit_code_1(place: Path) -> None:
    limits = (
        "--fail-on-regression",
        "200%",
        "--regression-floor",
        "400ms",
    )  # far beyond what a busy machine does
    assert scan(place, "--save-baseline", "baseline.json", "-q").returncode == 0
    same = scan(place, "--baseline", "baseline.json", *limits)
    assert same.returncode == 0, same.stdout
    assert "parsing possible regressions again" not in same.stderr
    assert dagprof.load(place / "reports" / "run.json").reference is not None
    write(
        place / "dags",
        {
            "a.py": dag("a", "import decimal_like\n" + SLOW.format(seconds=1.2)),
            "decimal_like.py": "x = 1\n",
            "new.py": dag("n"),
        },
    )
    (place / "dags" / "b.py").unlink()
    worse = scan(place, "--baseline", "baseline.json", *limits)
    assert worse.returncode == 1
    assert "Gate: failed. 1 file fails the gate." in worse.stdout
    assert "parsing possible regressions again" in worse.stderr
    assert ", because line 3 " in " ".join(worse.stdout.split())
    told_of_worse = " ".join(worse.stdout.split())
    assert "now loads decimal_like" in told_of_worse
    assert "1 slower, 0 faster, 1 added, 1 removed" in told_of_worse
    page = (place / "reports" / "report.html").read_text()
    assert 'data-view="compare"' in page
    assert "Gate: failed" in page
    told = call("compare", "baseline.json", "reports/run.json", "--floor", "400ms", cwd=place)
    assert told.returncode == 0
    assert "slower a.py" in " ".join(told.stdout.split())
    assert scan(place, "--repeat", "3", "-q", "-o", "plain").returncode == 0
    told = call("compare", "reports/run.json", "plain/run.json", cwd=place)
    assert "This run did not time the reference parse" in " ".join(told.stdout.split())


def test_import_errors_fail_only_on_request(place: Path) -> None:
    assert scan(place, "--repeat", "1", "-q", "--fail-on", "import-error").returncode == 1


def test_an_interrupted_scan_is_resumed(place: Path) -> None:
    files = {
        f"slow_{number}.py": dag(f"s{number}", SLOW.format(seconds=0.3)) for number in range(8)
    }
    write(place / "dags", files)
    command = [
        sys.executable,
        "-m",
        "dagprof",
        "scan",
        "dags",
        "--python",
        TARGET,
        "--repeat",
        "1",
        "-j",
        "1",
    ]
    process = subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = place / "reports" / "run.partial.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 5):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    finished = journal.read_bytes().count(b"\n") - 1
    kept = [
        json.loads(line)["result"]["samples"]["wall_ms"]
        for line in journal.read_bytes().splitlines()[1:]
    ]
    assert scan(place, "--repeat", "2", "-j", "1", "--resume").returncode == 2
    done = scan(place, "--repeat", "1", "-j", "1", "--resume")
    assert done.returncode == 0, done.stderr
    assert not journal.exists()
    run = dagprof.load(place / "reports" / "run.json")
    assert len(run.files) == 11
    taken_over = [list(file.samples.wall_ms) for file in run.files]
    assert sum(samples in taken_over for samples in kept) == finished
    assert scan(place, "--resume").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["scan", "nowhere"], 2, "There is no file or folder 'nowhere'"),
        (["scan"], 2, "Missing argument"),
        (["scan", "dags", "--temperature", "hot"], 2, "Invalid value for '--temperature'"),
        (["scan", "dags", "--repeat", "0"], 2, "--repeat must be at least 1."),
        (["scan", "dags", "--repeat", "x"], 2, "Invalid value for '--repeat'"),
        (
            ["scan", "dags", "--fail-on-regression", "20%"],
            2,
            "Give a baseline with --baseline FILE",
        ),
        (["scan", "dags", "--fail-on", "rain"], 2, "Choose from import-error, unsure"),
        (["scan", "dags", "--baseline", "none.json"], 2, "Cannot read 'none.json'"),
        (["scan", "dags", "--baseline", "broken.json"], 2, "is not a run"),
        (["scan", "dags", "--baseline", "newer.json"], 2, "Upgrade dagprof"),
        (["scan", "dags", "--variables", "broken.json"], 2, "is not valid JSON or YAML"),
        (["scan", "dags", "--variables", "list.json"], 2, "must be a mapping of names to values"),
        (["scan", "dags", "--output-dir", "a_file/below"], 2, "Cannot write to"),
        (["scan", "dags", "--python", "nowhere/python"], 2, "is not a Python interpreter"),
        (["scan", "dags", "--python", "/bin/ls"], 2, "'/bin/ls' is not a Python interpreter"),
        (
            ["scan", "dags", "--save-baseline", "a_file/b.json"],
            2,
            "Choose another file for --save-baseline",
        ),
        (
            ["gate", "dags", "--against", "x", "--format", "junit=a_file/x.xml"],
            2,
            "Choose another file for --format junit",
        ),
        (["scan", "empty"], 2, "There are no DAG files in"),
        (["scan", "dags", "--bundle-root", "empty"], 2, "is outside the bundle root"),
        (["report", "none.json"], 2, "Cannot read 'none.json'"),
        (["compare", "none.json", "none.json"], 2, "Cannot read 'none.json'"),
        (["compare", "none.json", "none.json", "--floor", "5"], 2, "such as 50ms"),
        (["loop", "none.json"], 2, "Cannot read 'none.json'"),
        (["loop", "none.json", "--parse-overhead", "5"], 2, "such as 50ms"),
        (["loop", "none.json", "--parsing-processes", "0"], 2, "parsing-processes"),
        (["explode"], 2, "No such command"),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    place: Path, arguments: list[str], code: int, sentence: str
) -> None:
    (place / "broken.json").write_text("{broken: [")
    (place / "newer.json").write_text('{"schema_version": 99}')
    (place / "list.json").write_text("[1]")
    (place / "a_file").write_text("")
    (place / "empty").mkdir()
    done = call(*arguments, cwd=place)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(place.rglob("run.partial.jsonl"))


def test_an_interpreter_without_airflow(place: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True
    )
    done = call("scan", "dags", "--python", str(tmp_path / "bare"), cwd=place)
    assert done.returncode == 3
    assert "Airflow is not installed in" in done.stderr
    assert "--python" in done.stderr


def test_a_home_that_does_not_exist(place: Path) -> None:
    done = call("scan", "dags", cwd=place, AIRFLOW_HOME=str(place / "gone"))
    assert done.returncode == 2
    assert "unset AIRFLOW_HOME" in done.stderr
    assert not (place / "gone").exists()


def test_doctor(place: Path) -> None:
    done = call("doctor", "--python", TARGET, cwd=place)
    assert done.returncode == 0, done.stdout
    for what in (
        "Interpreter",
        "Airflow",
        "AIRFLOW_HOME",
        "Configuration",
        "Forking",
        "Noise",
        "parses of one file",
    ):
        assert what in done.stdout


def test_schema_and_version(place: Path) -> None:
    schema = json.loads(call("schema", cwd=place).stdout)
    assert schema["$defs"]["Run"]["properties"]["schema_version"] == {"type": "integer"}
    assert call("--version", cwd=place).stdout.strip() == f"dagprof {dagprof.__version__}"


def test_settings_come_from_the_project(place: Path) -> None:
    (place / "pyproject.toml").write_text('[tool.dagprof]\nrepeat = 2\noutput-dir = "build"\n')
    assert scan(place, "-q").returncode == 0
    run = dagprof.load(place / "build" / "run.json")
    assert {len(file.samples) for file in run.files} == {2}


def test_starting_loads_nothing_heavy() -> None:
    code = (
        "import sys, dagprof.cli; print([n for n in ('pandas', 'rich', 'airflow', 'jinja2',"
        " 'msgspec') if n in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_what_is_asked_for_is_written_down_and_given_back(tmp_path: Path) -> None:
    source = """
        import os
        from airflow.models import Variable
        first_day = Variable.get("first_day")
        start = datetime.datetime.strptime(first_day, "%Y-%m-%d")
        bucket = os.environ["LANDING_BUCKET"] + "/raw"
    """
    text = "import datetime\n" + dag("ingest", source)
    write(tmp_path, {"dags/ingest.py": text})
    plain = ("--repeat", "1", "--depth", "quick", "--python", TARGET)
    done = call(
        "scan",
        "dags",
        *plain,
        "--fail-on",
        "import-error",
        "--write-variables",
        "answers.yaml",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "Needs an answer (1)" in done.stdout
    assert "ould not be loaded" not in done.stdout
    line = text.splitlines().index('first_day = Variable.get("first_day")') + 1
    assert f"the file needs Variable 'first_day' (read at ingest.py:{line})" in done.stdout
    assert "Gate: inconclusive" in done.stdout
    assert (
        "Written: answers.yaml (1 Variable, 0 Connections, 0 environment variables)" in done.stdout
    )

    again = call("scan", "dags", *plain, "--write-variables", "answers.yaml", cwd=tmp_path)
    assert again.returncode == 2
    assert "'answers.yaml' already exists" in again.stderr

    answers = tmp_path / "answers.yaml"
    answers.write_text(
        answers.read_text().replace('"first_day": null', '"first_day": "2024-01-02"')
    )
    next_ = ("--variables", "answers.yaml", "--connections", "answers.yaml")
    done = call("scan", "dags", *plain, *next_, "--write-variables", "more.yaml", cwd=tmp_path)
    assert "the file needs the environment variable 'LANDING_BUCKET'" in done.stdout
    more = (tmp_path / "more.yaml").read_text()
    assert '"LANDING_BUCKET": null' in more
    answers.write_text(
        answers.read_text().replace("environment: {}", 'environment:\n  LANDING_BUCKET: "landing"')
    )
    done = call("scan", "dags", *plain, *next_, cwd=tmp_path)
    assert "1 file with 1 DAG takes" in done.stdout
    assert "Needs an answer" not in done.stdout

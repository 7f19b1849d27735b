"""Text of DAG files in the log of a CI job: it gives no command to GitHub Actions, Azure Pipelines,
GitLab or TeamCity, whatever is printed, in whatever width.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from ci_logs import Command, commands, raw_controls
from rich.console import Console
from support import TARGET, call, dag, write

import dagprof
from dagprof.analyse.fleet import Fleet
from dagprof.model import Run
from dagprof.report.text import explain, terminal
from dagprof.usecases.compare import compare, limits_of
from dagprof.usecases.explain import explain as explained

MEASURING = ("--python", TARGET, "--no-project")
WIDTHS = (40, 60, 80, 100, 120)
HOSTILE = (
    "::error file=a.py,line=1::PWN ##[error]PWN ##vso[task.setvariable variable=X]PWN"
    " ##[set-output name=a]b ##teamcity[x] section_start:1560896352:x\\r\\x1b[0KPWN "
    + "word " * 7
    + "::add-mask::e "
    + "words " * 9
    + "::stop-commands::PWN\\n::warning::PWN\\r\\n##vso[a.b]PWN"
)
SOURCES = {
    "raises.py": f'raise RuntimeError("{HOSTILE}")\n',
    "prints.py": f'import sys\nprint("{HOSTILE}")\nprint("{HOSTILE}", file=sys.stderr)\n',
    "causes.py": (
        f'try:\n    raise ValueError("{HOSTILE}")\nexcept ValueError as error:\n'
        '    raise RuntimeError("second") from error\n'
    ),
    "acts.py": dag(
        "acts",
        f"""
        import os, subprocess, threading, warnings
        text = "{HOSTILE}"
        subprocess.run(["true", text, *text.split()])
        os.environ["::error::X"] = "1"
        warnings.warn(text)
        open("/dev/null/" + text[:40], "w") if False else None
        threading.Thread(target=lambda: __import__("time").sleep(5), name=text, daemon=True).start()
        """,
    ),
    "looks_up.py": dag(
        "looks_up",
        f"""
        from airflow.models import Variable
        Variable.get("{HOSTILE[:40]}", None)
        """,
    ),
    "imports.py": '__import__("::error::x")  # ##vso[task.x]y\n',
    "syntax.py": f'x = "{HOSTILE}" "::error::x" = 3  # airflow dag\n',
    "varies.py": (
        "import random  # ::error::x ##[error]y\n"
        + dag("varies").replace(
            "schedule=None)",
            'schedule=None, tags=["::error::" + str(random.random()), "##vso[a.b]"])',
        )
    ),
    "::error::name.py": dag("named", "import time\ntime.sleep(0.01)\n"),
    "##vso[task.x]y.py": dag("named_too"),
    "##[error]z.py": 'raise RuntimeError("x")\n',
    "clean.py": dag("clean"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ci")
    return write(
        place, {f"dags/{name}": f"# airflow dag\n{text}" for name, text in SOURCES.items()}
    )


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return dagprof.scan(folder / "dags", python=TARGET, repeat=2, depth="full", project=False)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of harmless files with the same names."""
    place = tmp_path_factory.mktemp("base")
    write(place, {f"dags/{name}": dag(f"d{n}") for n, name in enumerate(SOURCES)})
    done = call(*("scan", "dags", "--save-baseline", "base.json", *MEASURING), cwd=place)
    assert (place / "base.json").exists(), done.stderr
    return place / "base.json"


def printed(width: int, show: object) -> str:
    stream = io.StringIO()
    show(Console(file=stream, width=width, highlight=False, emoji=False, markup=False))  # type: ignore[operator]
    return stream.getvalue()


def others(log: str) -> list[Command]:
    """The commands in a log besides dagprof's own annotations."""
    own = re.compile(r"::(?:error|warning|notice) (?:[^:]*,)?title=dagprof")
    return [command for command in commands(log) if not own.match(command.line)]


def test_the_checker_sees_commands() -> None:
    text = HOSTILE.encode().decode("unicode_escape")
    assert {command.system for command in commands(text)} == {
        *("github", "github, old form", "azure", "azure, format", "gitlab", "teamcity")
    }
    assert raw_controls(text)
    assert not commands("a::b ::1 x[::2] ##\n:: x")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary(run: Run, width: int) -> None:
    log = printed(width, lambda console: terminal.render(run, console=console, fleet=Fleet(run)))
    assert "raises.py" in log
    assert not commands(log)
    assert not raw_controls(log)


@pytest.mark.parametrize("width", WIDTHS)
def test_explanations_and_comparisons(run: Run, width: int) -> None:
    for file in run.files:
        found = explained(run, file.path, None)
        about = explain.Explanation(run, found.file, found.source, None)
        log = printed(width, lambda console: explain.render(about, found.fleet, console=console))  # noqa: B023
        assert not commands(log), file.path
        assert not raw_controls(log), file.path
    compared = compare(run, run, limits_of(share="25%", floor="50ms"))
    log = printed(width, lambda console: terminal.render_comparison(compared, console=console))
    assert not commands(log)


@pytest.mark.parametrize("width", [40, 120])
def test_scan_in_a_job(folder: Path, tmp_path: Path, width: int) -> None:
    done = call(
        *("scan", "dags", "-o", str(tmp_path), "--python", TARGET, "--repeat", "1"),
        *("--depth", "quick", "--no-project"),
        cwd=folder,
        GITHUB_ACTIONS="true",
        FORCE_COLOR="1",
        COLUMNS=str(width),
    )
    log = done.stdout + done.stderr
    assert "raises.py" in log
    assert not commands(log)
    assert not raw_controls(done.stdout)  # the bar on standard error moves itself


def test_gate_in_a_job(folder: Path, base: Path, tmp_path: Path) -> None:
    written = {kind: tmp_path / f"gate.{kind}" for kind in ("sarif", "gitlab", "junit", "markdown")}
    done = call(
        *("gate", "dags", "--baseline", str(base), "-o", str(tmp_path), *MEASURING),
        *("--budget", "1ms", "--warn-on", "unstable-dag", "--fail-on", "import-error"),
        *(f"--format={kind}={file}" for kind, file in written.items()),
        cwd=folder,
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
    )
    log = done.stdout + done.stderr
    assert "::notice title=dagprof::" in log
    assert len(commands(log)) > len(SOURCES)
    assert not others(log)
    assert not raw_controls(done.stdout)
    for file in (*written.values(), tmp_path / "summary.md", tmp_path / "gate.json"):
        text = file.read_text(encoding="utf-8")
        assert "PWN" in text
        assert not commands(text), file
    findings = json.loads((tmp_path / "gate.json").read_text())["files"]
    assert any("::error::" in json.dumps(file) for file in findings)

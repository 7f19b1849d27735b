from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from dagprof.analyse.comparison import compare
from dagprof.gate import simple as gate
from dagprof.model import (
    Access,
    Doubt,
    Effect,
    Experiment,
    Failure,
    Instability,
    Need,
    Output,
    Place,
    Run,
    SkippedFile,
    Stack,
    Status,
)
from dagprof.report import html, terminal
from dagprof.report.escape import safe_lines, safe_text
from dagprof.report.figures import duration
from unit.builders import HELPED, file, run, statement, trace

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m\x07",
    "right\u202eto left\u2066",
    "[bold red]markup[/]",
    "{{ 7 * 7 }}",
    "x" * 10_000,
    "\udcff lone",
    "line\nbreak\u2028sep",
    "</style></script><!--",
]


def hostile(text: str) -> Run:
    failure = Failure(type=text, message=text, traceback=text, cause=text, file=text, line=1)
    access = Access(kind="variable", key=text, operation="get", answered_by="stub", file=text, line=1)
    result = file(
        f"{text[:200]}.py",
        100,
        101,
        102,
        status=Status.IMPORT_ERROR,
        failures=(failure,),
        accesses=(access,),
        effects=(Effect(kind="process", what=text, file=text, line=1),),
        experiments=(
            Experiment(without=(Place(file=text, line=1),), need=Need.RAISES, reason=text),
            Experiment(without=(Place(file=text, line=2),), need=Need.NOT_NEEDED, cautions=(text,)),
        ),
        instabilities=(Instability(dag_id=text, field=text, first=text, second=text),),
        dag_ids=(text,),
        stdout=Output(text=text, total_bytes=9),
        stderr=Output(text=text, total_bytes=9),
        detail=text,
        doubts=(Doubt(code="noisy", text=text),),
        trace=trace(100, HELPED, [statement(1, 90_000, text=text)]),
        stack=Stack(function=text, file=text, line=1, wall_ms=5.0),
    )
    return run(
        result, root=text, skipped=(SkippedFile(path=text, reason="ignored"),), doubts=(Doubt(code="x", text=text),)
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.tags


def summary(shown: Run, width: int = 120, **options: object) -> str:
    stream = io.StringIO()
    terminal.render(shown, console=Console(file=stream, width=width, markup=False, highlight=False), **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(text: str) -> None:
    shown = hostile(text)
    page = html.render(shown, comparison=compare(shown, shown))
    page.encode("utf-8")
    found = tags(page)
    assert sum(tag == "script" for tag, _ in found) == 1
    assert sum(tag == "style" for tag, _ in found) == 1
    assert not any(tag in ("img", "iframe", "link", "object") for tag, _ in found)
    assert not any(name.startswith("on") or name == "style" for _, attributes in found for name in attributes)
    printed = summary(shown)
    for bad in ("\x1b", "\x07", "\u202e", "\u2066", "\u2028", "\udcff"):
        assert bad not in page
        assert bad not in printed
    assert "49.py" not in page


def test_the_page_can_load_nothing() -> None:
    page = html.render(run(file("a.py", 1)))
    policy = next(
        a["content"] for tag, a in tags(page) if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=\"(?!#)", page)


def test_the_page_tells_the_run() -> None:
    shown = run(
        file("slow.py", 1500, 1510, 1490, trace=trace(1500, HELPED, [statement(3, 900_000, text="rows = fetch()")])),
        file(
            "bad.py",
            10,
            status=Status.IMPORT_ERROR,
            failures=(Failure(type="KeyError", message="'x'", line=7),),
            dag_ids=(),
        ),
    )
    page = html.render(shown)
    for part in (
        "2 files with 1 DAG take 1.51 s",
        "1.50 s",
        "rows = fetch()",
        "KeyError",
        "bad.py:7",
        "common.frames",
        "3.3.2",
    ):
        assert part in page
    links = [a["href"] for tag, a in tags(page) if tag == "a"]
    ids = {a["id"] for _, a in tags(page) if "id" in a}
    assert {link[1:] for link in links if link} <= ids


def test_the_page_tells_effects_experiments_and_what_is_unstable() -> None:
    shown = run(
        file(
            "a.py",
            100,
            effects=(
                Effect(kind="process", what="git log", file="/dags/common/x.py", line=4, count=2, wall_us=80_000),
            ),
            experiments=(
                Experiment(
                    without=(Place(file="a.py", line=3),),
                    need=Need.NOT_NEEDED,
                    saving_ms=(40.0, 42.0, 44.0),
                    cautions=("environment variable X",),
                ),
            ),
            instabilities=(Instability(dag_id="d", field="start_date", first="1", second="2"),),
        )
    )
    page = html.render(shown)
    for part in (
        "git log",
        "common/x.py:4",
        "80 ms",
        "takes 42 ms",
        "environment variable X",
        "start_date is 1, then 2",
    ):
        assert part in page


def test_many_files_stay_a_small_page() -> None:
    shown = run(*(file(f"folder/file_{n:05d}.py", 50 + n % 70, trace=trace(60, HELPED)) for n in range(1000)))
    page = html.render(shown)
    assert len(page) < 3_000_000
    assert "The 150 slowest and all failed files are described; 850 more" in page


def test_an_empty_and_an_untimed_run_can_be_shown() -> None:
    for shown in (run(modules=()), run(file("a.py", status=Status.KILLED, detail="killed"))):
        assert "dagprof" in html.render(shown)
        assert "file" in summary(shown)


def test_the_summary() -> None:
    shown = run(
        file("slow.py", 1500, 1510, 1490, trace=trace(1500, HELPED, [statement(3, 900_000, text="rows = fetch()")])),
        file(
            "bad.py",
            10,
            10,
            10,
            status=Status.IMPORT_ERROR,
            failures=(Failure(type="KeyError", message="'x'", line=7),),
            dag_ids=(),
        ),
        skipped=(SkippedFile(path="h.py", reason="safe-mode"),),
    )
    text = summary(shown, written=[Path("reports/run.json")])
    assert (
        "2 files with 1 DAG take 1.51 s to parse once, 755 ms with 2 parsing processes; 1 file could not be loaded."
        in text
    )
    assert re.search(r"1\.50 s +10 .* slow\.py", text)
    assert re.search(r"80 ms +50 ms +- +1 +pandas 2\.2\.3", text)
    assert re.search(r"900 ms +900 ms +1 +slow\.py:3 +rows = fetch\(\)", text)
    assert "bad.py:7  import error: KeyError: 'x'" in text
    assert "1 file skipped as Airflow would: 1 by safe mode" in text
    assert "Written: reports/run.json" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_summary_fits_its_console(width: int) -> None:
    shown = run(
        *(file(f"a/rather/deep/folder/with/file_{n}.py", 100 * n, trace=trace(100, HELPED)) for n in range(1, 30))
    )
    assert max(len(line) for line in summary(shown, width).splitlines()) <= width


def test_the_summary_of_a_comparison() -> None:
    before, after = run(file("a.py", 100, 100, 100)), run(file("a.py", 300, 300, 300), file("b.py", 5))
    comparison = compare(before, after)
    verdict = gate.decide(after, comparison, fails_on_regression=True)
    text = summary(after, comparison=comparison, verdict=verdict)
    assert "Against the baseline: 100 ms → 305 ms; 1 slower, 0 faster, 1 added, 0 removed, 0 unsure" in text
    assert "slower  a.py +200 ms (+200%)" in text
    assert "Gate: failed. 1 file fails the gate." in text


def test_escaping() -> None:
    assert safe_text("a\x00b\x1bc\u202ed\n") == "a\\x00b\\x1bc\\u202ed\\x0a"
    assert safe_text("häß 東京 🎉") == "häß 東京 🎉"
    assert safe_text("x" * 500, 10) == "xxxxxxxxx…"
    assert safe_lines("a\tb\r\nc\x1b") == "a    b\nc\\x1b"


@pytest.mark.parametrize(
    ("ms", "text"), [(0.04, "0.0 ms"), (9.94, "9.9 ms"), (812.4, "812 ms"), (4130, "4.13 s"), (125_000, "2 min 05 s")]
)
def test_durations(ms: float, text: str) -> None:
    assert duration(ms) == text

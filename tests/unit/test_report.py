from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from dagprof.analyse.comparison import compare
from dagprof.analyse.fleet import Change, Fleet, Plan
from dagprof.gate import scanned
from dagprof.judge import runs
from dagprof.model import (
    Doubt,
    Effect,
    Experiment,
    Failure,
    FileResult,
    Instability,
    Need,
    Output,
    Place,
    Run,
    SkippedFile,
    SkipReason,
    Stack,
    Status,
    Unanswered,
)
from dagprof.quantities import duration
from dagprof.report import changes, figures, html, markdown
from dagprof.report.escape import safe_lines, safe_text
from dagprof.report.text import plan, terminal
from unit.builders import HELPED, access, file, loads, run, statement, trace
from unit.page import Page

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
    asks = access(text, file=text, line=1)
    result = file(
        f"{text[:200]}.py",
        100,
        101,
        102,
        status=Status.IMPORT_ERROR,
        failures=(failure,),
        accesses=(asks,),
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
        result,
        root=text,
        skipped=(SkippedFile(path=text, reason=SkipReason.IGNORED),),
        doubts=(Doubt(code="x", text=text),),
    )


def summary(shown: Run, width: int = 120, **options: object) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, highlight=False)
    terminal.render(shown, console=console, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(text: str) -> None:
    shown = hostile(text)
    page = html.render(shown, fleet=Fleet(shown), comparison=compare(shown, shown), baseline=shown)
    page.encode("utf-8")
    read = Page(page)
    assert len(read.scripts) == 1
    assert {a.get("type") for tag, a in read.tags if tag == "script"} == {
        None,
        "application/json",
        "text/plain",
    }
    assert sum(tag == "style" for tag, _ in read.tags) == 1
    assert not any(tag in ("img", "iframe", "link", "object") for tag, _ in read.tags)
    assert not any(
        name.startswith("on") or name == "style"
        for _, attributes in read.tags
        for name in attributes
    )
    printed = summary(shown)
    data = read.everything()
    for bad in ("\x1b", "\x07", "\u202e", "\u2066", "\u2028", "\udcff"):
        assert bad not in page
        assert bad not in data
        assert bad not in printed
    assert "49.py" not in page


def test_the_page_can_load_nothing() -> None:
    page = html.render(run(file("a.py", 1)))
    policy = next(
        a["content"]
        for tag, a in Page(page).tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=\"(?!#)", page)


def test_the_page_tells_the_run() -> None:
    shown = run(
        file(
            "slow.py",
            1500,
            1510,
            1490,
            trace=trace(1500, HELPED, [statement(3, 900_000, text="rows = fetch()")]),
        ),
        file(
            "bad.py",
            10,
            status=Status.IMPORT_ERROR,
            failures=(Failure(type="KeyError", message="'x'", line=7),),
            dag_ids=(),
        ),
    )
    page = html.render(shown, fleet=Fleet(shown))
    for part in (
        "2 files with 1 DAG take 1.51 s",
        "rows = fetch()",
        "KeyError",
        "bad.py:7",
        "3.3.2",
    ):
        assert part in page
    read = Page(page)
    assert read.index["files"]["path"] == ["slow.py", "bad.py"]
    assert read.index["files"]["parse"] == [1500, 10]
    assert read.index["files"]["is_failure"] == [0, 1]
    assert [read.index["groups"][place] for place in read.index["files"]["groups"][0]] == [
        "common",
        "pandas",
        "numpy",
        "standard library",
    ]
    modules = read.unpacked("modules")
    slow, bad = read.details()
    assert [modules["name"][place] for place in slow["loads"]["module"]][:2] == [
        "common.frames",
        "pandas",
    ]
    assert slow["statements"] == [[-1, 3, 3, "rows = fetch()", 900_000, 0, 1, False]]
    assert bad["failures"] == [["KeyError", "'x'", "", "", 7, "bad.py:7"]]
    links = {a["href"].partition("?")[0] for tag, a in read.tags if tag == "a" and a["href"]}
    files = {f"#/file/{address}" for address in read.index["files"]["address"]}
    assert files | {"#/", "#/packages", "#/doubts", "#main"} >= links


def test_a_plan_that_was_not_looked_for_is_told_apart_from_one_that_is_empty() -> None:
    untraced = run(file("a.py", 100))
    assert "No change is proposed. No file was traced" in markdown.render(
        untraced, Fleet(untraced).plan(), None
    )
    traced = run(file("a.py", 100, trace=trace(100)))
    assert "Moving an import or a call would save almost no time." in markdown.render(
        traced, Fleet(traced).plan(), None
    )


def advised(**changed: Any) -> str:
    change = Change(Place(file="a.py", line=3), ("heavy",), (), 50, 50, 1, 1, 0, 1, 0, 0, "", ())
    return changes.advice(change._replace(**changed))


def test_advice_can_be_followed() -> None:
    """A function cannot hold ``import *``, and for a statement in a function it is the call that
    has to go.
    """
    assert (
        advised()
        == "Move the import of heavy from the top of the file into the functions that use the import."
    )
    assert "Import the names that you need from heavy" in advised(is_star=True)
    assert (
        advised(is_unused=True)
        == "This import looks unused. Remove the import unless you need its side effects."
    )
    others = tuple(Place(file=f"{name}.py", line=7) for name in "bcde")
    assert advised(used_in=others[:1]).endswith(
        " b.py:7 imports the same name from a.py. Change this import too."
    )
    assert advised(used_in=others).endswith(
        " b.py:7, c.py:7, d.py:7 and 1 more place import the same name from a.py. Change these imports too."
    )
    assert (
        advised(in_function=True)
        == "This import is in a function that runs during parsing. Move the import closer to its use, or call the"
        " function from a task."
    )
    assert advised(in_function=True, is_unused=True).startswith("This import looks unused")
    assert (
        advised(in_hints=True)
        == "Only type hints use this import. Import heavy under `if TYPE_CHECKING:`."
    )


def test_more_depth_is_advised_where_it_helps() -> None:
    untried = Plan(100, (), 100, 0, 2)
    for settings, more in (
        ({"depth": "normal"}, "use --depth full to test all lines"),
        ({"depth": "full"}, "each parse takes too long to test more lines"),
        ({"depth": "full", "time_budget": "8s"}, "raise --time-budget to test more lines"),
    ):
        traced = msgspec.structs.replace(
            run(file("a.py", 100, trace=trace(100))), settings=settings
        )
        assert changes.no_plan(traced, untried).endswith(
            f"whose removal might save time. {more[0].upper()}{more[1:]}."
        )
        assert changes.summary(traced, untried, 3).endswith(
            "dagprof did not test 2 more lines whose removal might save time."
            f" {more[0].upper()}{more[1:]}"
        )


def test_the_page_tells_effects_experiments_and_what_is_unstable() -> None:
    shown = run(
        file(
            "a.py",
            100,
            effects=(
                Effect(
                    kind="process",
                    what="git log",
                    file="/dags/common/x.py",
                    line=4,
                    count=2,
                    wall_us=80_000,
                ),
                Effect(kind="sleep", what="", file="/dags/a.py", line=9),
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
    (found,) = Page(html.render(shown)).details()
    assert found["effects"] == [
        ["process", "git log", "common/x.py:4", 2, 80.0, 0, 0],
        ["sleep", "", "a.py:9", 1, None, 0, 9],
    ]
    assert found["experiments"][0][1:] == [True, ["environment variable X"]]
    assert "is 42 ms ± 2 ms shorter" in found["experiments"][0][0]
    assert found["unstable"] == [["d", "start_date", "1", "2", "parses"]]


def test_a_saving_within_the_noise_is_not_told_as_one() -> None:
    noise = Experiment(
        without=(Place(file="a.py", line=3),), need=Need.NOT_NEEDED, saving_ms=(-12.0, -4.0, 9.0)
    )
    assert (noise.is_proof, noise.is_shorter) == (True, False)
    assert "The parse time does not change measurably (+4 ± 8 ms)" in changes.trial(noise)


def test_packages_are_summed_over_files_with_who_imports_them() -> None:
    shown = run(
        *(file(path, 100, trace=trace(100, HELPED, gc_ms=0.0)) for path in ("a.py", "b.py"))
    )
    found = Page(html.render(shown, fleet=Fleet(shown))).unpacked("packages")
    rows = {row["name"]: row for row in found["table"]}
    assert (rows["pandas"]["total"], rows["pandas"]["own"], rows["pandas"]["files"]) == (
        160,
        100,
        2,
    )
    assert rows["pandas"]["importers"] == [["common/frames.py:1", 2, 160.0]]
    assert rows["pandas"]["alone"] > 0
    assert rows["standard library"]["importers"] == [["a.py:5", 1, 0.5], ["b.py:5", 1, 0.5]]
    twice = loads(
        (1, -1, 10_000, 10_000, -1, 3),
        (3, -1, 10_000, 10_000, -1, 4),
        (2, -1, 10_000, 10_000, -1, 3),
    )
    (again,) = Page(
        html.render(run(file("c.py", 100, trace=trace(100, twice, gc_ms=0.0))))
    ).unpacked("packages")["table"][:1]
    assert (again["importers"], again["alone"]) == ([["c.py:3", 1, 20.0]], None)
    pandas = found["treemap"][0]
    assert pandas[:2] == ["pandas", 100]
    assert pandas[2][0][2] == [["pandas.core", 60, []], ["pandas", 40, []]]


def test_a_comparison_holds_both_sides() -> None:
    before = run(file("a.py", 100, 101, 102, trace=trace(100, HELPED)), file("same.py", 9, 9, 9))
    now = run(
        file(
            "a.py",
            300,
            301,
            302,
            effects=(Effect(kind="dns", what="x", file="/dags/a.py", line=2),),
        ),
        file("same.py", 9, 9, 9),
    )
    found = Page(html.render(now, comparison=compare(before, now), baseline=before)).unpacked(
        "comparison"
    )
    (row,) = found["files"]
    assert (row["path"], row["change"], row["before"], row["now"]) == ("a.py", "slower", 101, 301)
    assert (row["samples_before"], row["samples_now"]) == ([100, 101, 102], [300, 301, 302])
    assert row["new_effects"] == ["dns x (line 2)"]
    assert row["tree_before"]["name"][0] == "common.frames"
    assert row["tree_now"] is None
    assert "1 file stayed within the limits" in found["sentence"]


def test_a_failure_elsewhere_has_no_line_of_the_file() -> None:
    failure = Failure(
        type="KeyError",
        message="'x'",
        line=77,
        file="/dags/common/helper.py",
        traceback="t\n" * 9000 + "the end",
    )
    shown = run(file("a.py", 1, status=Status.IMPORT_ERROR, failures=(failure,)))
    page = html.render(shown)
    assert "a.py:77" not in page
    assert Page(page).details()[0]["failures"][0][3].endswith("the end")


def test_a_run_without_traces_claims_nothing_about_imports() -> None:
    shown = run(file("a.py", 100))
    page = html.render(shown, fleet=Fleet(shown))
    assert (
        page.partition("<script")[0].count(
            "No file was traced. To trace all files, use --depth full."
        )
        == 2
    )
    assert "No statement took" not in page
    assert Page(page).index["is_traced"] is False


def test_source_is_shown_as_it_was_measured_only(tmp_path: Path) -> None:
    text = "import pandas\nx = '\u202e'\n"
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    shown = run(file("a.py", 100, sha256=sha256, size_bytes=len(text.encode())), root=str(tmp_path))
    (found,) = Page(html.render(shown)).details()
    assert found["source"] == "import pandas\nx = '\\u202e'\n"
    (without,) = Page(html.render(shown, with_source=False)).details()
    assert "source" not in without
    assert without["no_source"] == "This report contains no source code."
    (tmp_path / "a.py").write_text("changed", encoding="utf-8")
    (changed,) = Page(html.render(shown)).details()
    assert (changed.get("source"), changed["no_source"]) == (
        None,
        "The source file was changed or moved after the measurement.",
    )


def test_many_files_stay_a_small_page() -> None:
    shown = run(
        *(
            file(f"folder/file_{n:05d}.py", 50 + n % 70, trace=trace(60, HELPED))
            for n in range(1000)
        )
    )
    page = html.render(shown)
    assert len(page) < 500_000
    assert len(Page(page).details()) == 1000


def test_the_same_run_gives_the_same_page() -> None:
    shown = run(file("a.py", 100, trace=trace(100, HELPED)))
    assert html.render(shown) == html.render(shown)


def test_markdown_of_a_run() -> None:
    before = run(file("a|b.py", 100, 100, 100))
    now = run(
        file("a|b.py", 300, 300, 300),
        file("bad.py", 1, status=Status.IMPORT_ERROR, detail="it is <broken>"),
    )
    text = markdown.render(now, Fleet(now).plan(), compare(before, now))
    assert text.startswith("## 2 files with 1 DAG take 301 ms")
    assert "| slower | 100 ms | 300 ms | +200 ms (+200%) | <code>a&#124;b.py</code> |" in text
    assert "- <code>bad.py</code> produces no DAGs" in text
    assert "it is &#60;broken&#62;" in text


def test_an_empty_and_an_untimed_run_can_be_shown() -> None:
    for shown in (run(modules=()), run(file("a.py", status=Status.KILLED, detail="killed"))):
        assert "dagprof" in html.render(shown)
        assert "file" in summary(shown)


def test_the_summary() -> None:
    shown = run(
        file(
            "slow.py",
            1500,
            1510,
            1490,
            trace=trace(1500, HELPED, [statement(3, 900_000, text="rows = fetch()")]),
        ),
        file(
            "bad.py",
            10,
            10,
            10,
            status=Status.IMPORT_ERROR,
            failures=(Failure(type="KeyError", message="'x'", line=7),),
            dag_ids=(),
        ),
        skipped=(SkippedFile(path="h.py", reason=SkipReason.SAFE_MODE),),
    )
    text = summary(shown, written=[Path("reports/run.json")])
    assert (
        "2 files with 1 DAG take 1.51 s to parse once (at least 1.50 s with 2 parsing processes). 1 file"
        " could not be loaded." in text
    )
    assert re.search(r"1\.50 s +10 .* slow\.py", text)
    assert re.search(r"80 ms +50 ms +- +1 +pandas 2\.2\.3", text)
    assert re.search(r"900 ms +900 ms +1 +slow\.py:3 +rows = fetch\(\)", text)
    assert "bad.py:7  import error: KeyError: 'x'" in text
    assert (
        "Airflow's safe mode skips 1 file: h.py. If the file defines DAGs, add a comment with the missing words to the file."
        in " ".join(text.split())
    )
    assert "Written: reports/run.json" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_summary_fits_its_console(width: int) -> None:
    shown = run(
        *(
            file(f"a/rather/deep/folder/with/file_{n}.py", 100 * n, trace=trace(100, HELPED))
            for n in range(1, 30)
        )
    )
    assert max(len(line) for line in summary(shown, width).splitlines()) <= width


def test_the_summary_of_a_comparison() -> None:
    before, after = (
        run(file("a.py", 100, 100, 100)),
        run(file("a.py", 300, 300, 300), file("b.py", 5)),
    )
    comparison = compare(before, after)
    asked = scanned.demand("20%", "50ms")
    verdict = scanned.decide(after, before, runs.judge(before, after, asked.timing), asked)
    text = summary(after, comparison=comparison, verdict=verdict)
    assert (
        "Comparison with the baseline: total parse time 100 ms → 305 ms\n"
        "  Files: 1 slower, 0 faster, 1 added, 0 removed, 0 inconclusive\n" in text
    )
    assert "slower  a.py +200 ms (+200%)" in text
    assert "Gate: failed. 1 file fails the gate." in text


def test_escaping() -> None:
    assert safe_text("a\x00b\x1bc\u202ed\n") == "a\\x00b\\x1bc\\u202ed"
    assert (
        safe_text("no host\n\r\n   did you mean:\n\tlocal\tone\n")
        == "no host ⏎ did you mean: ⏎ local one"
    )
    assert safe_text("a\r\x1b[2Kb") == "a ⏎ \\x1b[2Kb"
    assert safe_text("\n" * 10_000 + "x", 10) == "…"
    assert safe_text("first\nsecond", 9) == "first ⏎ …"
    assert safe_text("häß 東京 🎉") == "häß 東京 🎉"
    assert safe_text("x" * 500, 10) == "xxxxxxxxx…"
    assert safe_lines("a\tb\r\nc\x1b") == "a    b\nc\\x1b"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.04, "0.0 ms"),
        (9.94, "9.9 ms"),
        (812.4, "812 ms"),
        (4130, "4.13 s"),
        (125_000, "2 min 05 s"),
    ],
)
def test_durations(ms: float, text: str) -> None:
    assert duration(ms) == text


def test_the_same_note_for_many_files_is_one() -> None:
    def noisy(path: str, *wall_ms: float) -> FileResult:
        return file(
            path,
            *wall_ms,
            doubts=(
                Doubt(code="noisy", text="Noisy: the times of 2 parses range from 10 to 90 ms."),
            ),
        )

    assert (
        "  a.py: Noisy: the times of 2 parses range from 10 to 90 ms."
        in summary(run(noisy("a.py", 10, 90))).splitlines()
    )
    text = summary(
        run(*(noisy(f"{name}.py", 10, 90) for name in "abcd"), noisy("history.py", 2700, 6100))
    )
    assert (
        "  Parse times vary widely: 5 files; the times of history.py vary most (2.7 to 6.1 s)"
        in text.splitlines()
    )
    assert "2 parses" not in text
    inconsistent = Doubt(code="inconsistent", text="Different outcomes.")
    text = summary(run(*(file(f"{name}.py", 1, doubts=(inconsistent,)) for name in "abcde")))
    assert (
        "  Parses of the same file had different outcomes: 5 files (a.py, b.py, c.py and 2 more)"
        in text.splitlines()
    )


def test_a_note_of_a_file_fits_on_one_line_and_its_values_are_cut() -> None:
    long = Doubt(code="x", text="word " * 100)
    found = Instability(dag_id="d", field="doc", first="a" * 5000, second="b" * 5000)
    noted = file("a.py", 1, doubts=(long,), instabilities=(found,))
    notes = [line for line in summary(run(noted)).splitlines() if line.startswith("  a.py: ")]
    assert [note[:12] for note in notes] == ["  a.py: in D", "  a.py: word"]
    assert all(len(note) <= 120 and note.endswith("…") for note in notes)
    assert (
        "the field doc differs between parses. First value: "
        + "a" * 59
        + "…. Second value: "
        + "b" * 59
        + "…. Airflow 3"
        in figures.unstable(noted)
    )


def test_unstable_files_share_one_note() -> None:
    found = Instability(dag_id="d", field="doc", first="1", second="2")
    lines = summary(
        run(*(file(f"{name}.py", 1, instabilities=(found,)) for name in "abcde"))
    ).splitlines()
    assert (
        "  DAGs that differ between parses: 5 files (a.py, b.py, c.py and 2 more). For details, run `dagprof explain FILE`"
        in lines
    )


def test_the_summary_begins_with_the_answer() -> None:
    failure = Failure(type="ModuleNotFoundError", message="No module named 'yaml'", line=7)
    asks = access("owner")
    shown = run(
        file("slow.py", 1500, 1510, 1490, accesses=(asks,)),
        *(
            file(f"{name}.py", status=Status.IMPORT_ERROR, failures=(failure,), dag_ids=())
            for name in "ab"
        ),
        root="/dags",
    )
    lines = summary(shown, 400).splitlines()
    end = next(place for place, line in enumerate(lines) if line.startswith("Airflow "))
    said = [line for line in lines[:end] if line]
    assert len(said) <= 5
    assert said[0].startswith("3 files with 1 DAG take ")
    assert said[1].startswith(
        "Fix first: ModuleNotFoundError: No module named 'yaml' (2 files). Install PyYAML into the environment of "
    )
    assert (
        said[2]
        == "Move this action into a task: variable owner at a.py:3. This line runs in every parse of 1 file."
    )


def test_a_lookup_whose_value_a_parse_needs_is_not_to_be_moved() -> None:
    asks = access("url")
    shown = run(
        file("slow.py", 1500, 1510, 1490, accesses=(asks,)),
        file(
            "a.py",
            status=Status.NEEDS_ANSWER,
            failures=(Failure(type="ValueError", message="unknown url type: '1'", line=4),),
            unanswered=(Unanswered(kind="variable", key="url", file="/dags/a.py", line=3),),
            accesses=(asks,),
            dag_ids=(),
        ),
        root="/dags",
    )
    text = summary(shown, 400)
    assert "needs Variable 'url'" in text
    assert "Move this action into a task" not in text


def test_files_that_load_quickly_are_counted() -> None:
    one, two = run(file("a.py", 5)), run(file("a.py", 5), file("b.py", 5))
    assert (
        figures.untraced(one)
        == "dagprof did not trace 1 file that loads quickly. To trace all files, use --depth full."
    )
    assert (
        figures.untraced(two)
        == "dagprof did not trace 2 files that load quickly. To trace all files, use --depth full."
    )


def test_a_costly_import_that_parsing_needs_is_named() -> None:
    line = Change(
        Place(file="a.py", line=3),
        ("heavy",),
        (),
        50,
        0,
        1,
        1,
        0,
        0,
        1,
        0,
        "NameError: pd (a.py:45)",
        (),
    )
    console = Console(width=120, record=True, file=io.StringIO())
    plan.render_needed(run(file("a.py", 2000)), [line], console)
    assert console.export_text() == ""
    plan.render_needed(run(file("a.py", 100)), [line], console)
    assert "50 ms  a.py:3  needed: NameError: pd (a.py:45)" in console.export_text()

"""What plugins cost is read from the zygote's first answer and reported once."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from dagprof.analyse.fleet import Fleet
from dagprof.link.messages.zygote import Ready
from dagprof.link.reading import plugins
from dagprof.measure.diagnose import _about_plugin
from dagprof.model import Plugin, Run
from dagprof.report import html, markdown
from dagprof.report.text import terminal
from dagprof.report.text.plugins import summary
from unit.builders import file, run
from unit.page import Page

QUALITY = Plugin(
    name="quality", source="plugins/quality.py", wall_ms=1100.0, rss_kib=61 * 1024, modules=572
)
RULES = Plugin(name="rules", source="house-rules 1.2", wall_ms=2.0, rss_kib=100, modules=1)
BROKEN = Plugin(
    name="broken",
    source="plugins/broken.py",
    wall_ms=8.0,
    error="ZeroDivisionError: division by zero",
)
ROW = {
    "name": "quality",
    "source": "plugins/quality.py",
    "wall_ms": 1100.0,
    "rss_kib": 62464,
    "modules": 572,
    "error": "",
}


def printed(shown: Run) -> str:
    stream = io.StringIO()
    terminal.render(shown, console=Console(file=stream, width=200, markup=False, highlight=False))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, ()),
        ({"plugins": None}, ()),
        ({"plugins": [ROW]}, (QUALITY,)),
        (
            {
                "plugins": [
                    {"name": "bare"},
                    {"nameless": 1},
                    "text",
                    {"name": "x", "wall_ms": "soon"},
                ]
            },
            (Plugin(name="bare"),),
        ),
        ({"plugins": [{"name": "new", "field of a newer probe": 1}]}, (Plugin(name="new"),)),
        ({"plugins": [{"name": "odd \udcff"}]}, (Plugin(name="odd \\udcff"),)),
    ],
    ids=["no key", "nothing", "one", "damaged rows", "unknown field", "surrogate"],
)
def test_rows_of_the_probe(answer: dict[str, object], expected: tuple[Plugin, ...]) -> None:
    ready = {"airflow": {}, "python": "3.12.1", "executable": "python", "trouble": "", **answer}
    assert plugins(msgspec.convert(ready, Ready)) == expected


def test_a_run_keeps_them_and_an_older_one_has_none() -> None:
    stored = msgspec.json.encode(run(file("a.py", 1), plugins=(QUALITY, BROKEN)))
    assert msgspec.json.decode(stored, type=Run).plugins == (QUALITY, BROKEN)
    older = msgspec.json.decode(stored)
    del older["plugins"]
    assert msgspec.convert(older, Run).plugins == ()


def test_the_summary_names_the_slowest_once() -> None:
    shown = run(file("a.py", 10), file("b.py", 10), plugins=(BROKEN, RULES, QUALITY))
    text = printed(shown)
    assert text.count("quality") == 1
    assert (
        "3 plugins take 1.11 s and 61 MiB to load: quality 1.10 s, rules 2.0 ms, broken 8.0 ms."
        in text
    )
    assert "Changes to DAG files do not make plugins load faster" in " ".join(text.split())
    assert "Airflow could not load the plugin broken (plugins/broken.py): ZeroDivisionError" in text
    assert "20 ms to parse once" in text


def test_nothing_is_said_without_plugins() -> None:
    shown = run(file("a.py", 10))
    assert summary(shown) == ""
    assert "plugin" not in printed(shown).lower()
    assert "plugin" not in markdown.render(shown, Fleet(shown).plan(), None).lower()
    assert "<h2>Plugins</h2>" not in html.render(shown)


def test_page_and_markdown_have_a_row_for_each() -> None:
    hostile = Plugin(name="<script>x</script>\x1b[31m", source="[a](b)", error="line\n| two")
    shown = run(file("a.py", 10), plugins=(QUALITY, hostile))
    page = html.render(shown)
    assert "<h2>Plugins</h2>" in page
    assert "61.0 MiB" in page
    assert len(Page(page).scripts) == 1
    text = markdown.render(shown, Fleet(shown).plan(), None)
    assert "| 1.10 s | 61.0 MiB | 572 | <code>quality</code> | plugins/quality.py |" in text
    for bad in ("<script>x", "\x1b", "line\n| two"):
        assert bad not in page.partition("<body>")[2]
        assert bad not in text


def test_doctor_has_a_finding_for_each() -> None:
    finding = _about_plugin(QUALITY)
    assert (
        finding.found
        == "quality (plugins/quality.py) loads once before the first parse, in 1.10 s, with 61.0"
        " MiB of memory and 572 modules"
    )
    assert _about_plugin(BROKEN).advice.startswith("ZeroDivisionError")

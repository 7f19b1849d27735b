"""Terminal output of ``dagprof deps``: imported, missing and unused distributions."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from dagprof.analyse.dependencies.values import (
    Contained,
    Dependencies,
    Dependency,
    Kind,
    Line,
    Missing,
    Unused,
    Where,
)
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text
from dagprof.report.image.customise import mib
from dagprof.report.text.screen import columns, titled, within_encoding

SHOWN_UNUSED = 20
_PLACE = 100
_NAME = 60
_SMALLEST_MS = 0.05
# The table of providers shows names without this.
_PREFIX = "apache-airflow-providers-"
_IN_IMAGE = {Contained.YES: "yes", Contained.NO: "no", Contained.UNKNOWN: "unknown"}
_WHERE = {Where.PARSE: "parse", Where.CALLABLE: "callable", Where.PLUGIN: "plugin"}
_TITLES = {
    Kind.PACKAGE: "Packages that the DAG files import",
    Kind.PROVIDER: f"Providers that the DAG files import ({_PREFIX}…)",
    Kind.AIRFLOW: "Airflow",
}


def render(found: Dependencies, *, console: Console) -> None:
    """Print the summary, the tables and the notes."""
    with within_encoding(console):
        console.print(Text(_headline(found)), soft_wrap=True)
        for kind, title in _TITLES.items():
            rows = [each for each in found.imported if each.kind is kind]
            if rows:
                _imported(title, rows, console)
        _missing(found.missing, console)
        _unused(found, console)
        for note in found.notes:
            console.print()
            console.print(Text(f"Note: {safe_text(note, 600)}"))


def _headline(found: Dependencies) -> str:
    packages = sum(each.kind is Kind.PACKAGE for each in found.imported)
    providers = sum(each.kind is Kind.PROVIDER for each in found.imported)
    lacking = sum(not each.is_optional for each in found.missing)
    text = (
        f"The DAG files import {count(packages, 'package')} and {count(providers, 'provider')}"
        f" in addition to Airflow {found.airflow_version}."
    )
    absent = [each for each in found.needed if each.in_image is Contained.NO]
    if absent:
        text += f" The official image lacks {len(absent)} of these distributions."
    if lacking:
        text += (
            f" {count(lacking, 'imported module')} {'is' if lacking == 1 else 'are'} not installed."
        )
    return text


def _imported(title: str, rows: Sequence[Dependency], console: Console) -> None:
    table = columns(
        ("name", "bar"),
        ("version", "bar"),
        ("when", "text"),
        ("DAG files", "figure"),
        ("import time", "figure"),
        ("size", "figure"),
        ("in image", "text"),
        ("imported by", "place"),
    )
    for each in sorted(rows, key=lambda row: (-(row.import_ms or 0.0), row.name)):
        table.add_row(
            Text(safe_text(each.name.removeprefix(_PREFIX), _NAME)),
            Text(safe_text(each.version, 30)),
            Text(_when(each.lines)),
            str(each.dag_files or ""),
            _ms(each.import_ms),
            "" if each.size_bytes is None else mib(each.size_bytes),
            "Airflow" if each.is_of_airflow else _IN_IMAGE[each.in_image],
            Text(_places(each.lines)),
        )
    titled(title, table, console)


def _when(lines: Sequence[Line]) -> str:
    found = {line.where for line in lines}
    return ", ".join(text for where, text in _WHERE.items() if where in found)


def _ms(ms: float | None) -> str:
    if ms is None:
        return ""
    return duration(ms) if ms >= _SMALLEST_MS else "-"


def _places(lines: Sequence[Line]) -> str:
    if not lines:
        return ""
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return safe_text(lines[0].place, _PLACE) + more


def _missing(rows: Sequence[Missing], console: Console) -> None:
    if not rows:
        return
    table = columns(
        ("module", "bar"),
        ("distribution", "bar"),
        ("when", "text"),
        ("in image", "text"),
        ("imported by", "place"),
    )
    for each in sorted(rows, key=lambda row: (row.is_optional, row.module)):
        guess = "?" if each.is_guess else ""
        optional = ", optional" if each.is_optional else ""
        table.add_row(
            Text(safe_text(each.module, _NAME)),
            Text(f"{safe_text(each.distribution, _NAME)}{guess}"),
            _when(each.lines) + optional,
            _IN_IMAGE[each.in_image],
            Text(_places(each.lines)),
        )
    titled("Imported, but not installed here", table, console)


def _unused(found: Dependencies, console: Console) -> None:
    if not found.unused:
        return
    table = columns(
        ("name", "bar"),
        ("version", "bar"),
        ("size", "figure"),
        ("with own requirements", "figure"),
        ("possible use", "place"),
    )
    for each in found.unused[:SHOWN_UNUSED]:
        table.add_row(
            Text(safe_text(each.name, _NAME)),
            Text(safe_text(each.version, 30)),
            mib(each.size_bytes),
            _with(each),
            Text(safe_text(each.use, _PLACE)),
        )
    titled("Installed, but no DAG file imports them", table, console)
    more = len(found.unused) - SHOWN_UNUSED
    rest = f" The table omits {count(more, 'distribution')}." if more > 0 else ""
    console.print(
        Text(
            "These distributions, and the distributions that only they require, are"
            f" {found.unused_count} of {found.installed_count} installed distributions. Together,"
            f" they take {mib(found.unused_bytes)} of {mib(found.installed_bytes)}.{rest} Before"
            " you remove a distribution, check whether Airflow's configuration or a connection uses"
            " it."
        )
    )


def _with(each: Unused) -> str:
    return f"{mib(each.with_bytes)} in {each.others + 1}" if each.others else ""

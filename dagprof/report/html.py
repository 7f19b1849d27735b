"""The HTML report. The report is one file, and loads no external resources even if DAG files
contain HTML.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dagprof.analyse.comparison import Comparison
from dagprof.analyse.fleet import Fleet
from dagprof.analyse.others import Others
from dagprof.gate.verdict import Verdict
from dagprof.model import Run
from dagprof.practices.checking import Checked
from dagprof.report import figures
from dagprof.report.page import compared, one_file, overview, packages, packing, practices, table

# The parts of the script, joined in this order.
_SCRIPTS = (
    "dom",
    "data",
    "address",
    "files",
    "icicle",
    "treemap",
    "packages",
    "one_file",
    "compare",
    "app",
)


def render(
    run: Run,
    *,
    fleet: Fleet | None = None,
    comparison: Comparison | None = None,
    baseline: Run | None = None,
    verdict: Verdict | None = None,
    others: Others | None = None,
    checked: Checked | None = None,
    with_source: bool = True,
) -> str:
    """The complete HTML report. The page contains its style and its script. The content-security
    policy of the page allows nothing else.

    ``baseline`` is the compared Run; the charts of a comparison need it. ``others`` are the changes
    that are not in the plan; computed if missing. ``checked`` are the findings of the practice
    rules. ``with_source`` says whether the report contains
    the source of the DAG files.
    """
    style = _asset("report.css")
    script = "\n".join(_asset(f"js/{name}.js") for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page={
                **overview.build(run, fleet, comparison, verdict, others),
                "practices": practices.build(run, checked) if checked is not None else None,
            },
            data=[
                (name, Markup(text))
                for name, text in _data(run, fleet, comparison, baseline, with_source=with_source)
            ],
            policy=policy,
            style=Markup(style),
            script=Markup(script),
        )
    )


def _data(
    run: Run,
    fleet: Fleet | None,
    comparison: Comparison | None,
    baseline: Run | None,
    *,
    with_source: bool,
) -> Iterator[tuple[str, str]]:
    """The script elements that hold data, by name. Compressed text needs no escaping, and the index
    is already escaped.
    """
    files = sorted(run.files, key=lambda file: -file.parse_ms)
    names, groups = packages.groups_of(run)
    lengths = []
    details = (one_file.build(run, file, with_source=with_source) for file in files)
    for number, (length, text) in enumerate(packing.pieces(details)):
        lengths.append(length)
        yield f"piece-{number}", text
    yield "modules", packing.packed_value(packages.modules(run, groups))
    alone = fleet.distributions if fleet is not None else {}
    yield (
        "packages",
        packing.packed_value(
            {"treemap": packages.treemap(run), "table": packages.table(run, alone)}
        ),
    )
    if comparison is not None:
        yield "comparison", packing.packed_value(compared.build(comparison, baseline, run))
    index = {
        "files": table.columns(files, groups),
        "groups": packages.shown_groups(names),
        "pieces": lengths,
        "stages": figures.STAGES,
        "is_traced": figures.is_traced(run),
    }
    yield "index", packing.plain(index)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dagprof.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> str:
    return (
        resources.files("dagprof.report")
        .joinpath("templates")
        .joinpath(name)
        .read_text(encoding="utf-8")
        .strip()
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode(
        "ascii"
    )

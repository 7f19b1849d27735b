"""The report: one HTML file that loads nothing, whatever the DAG files put into it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dagprof.analyse.comparison import Comparison
from dagprof.analyse.fleet import Fleet
from dagprof.gate.simple import Verdict
from dagprof.model import Run
from dagprof.report import page


def render(
    run: Run, *, fleet: Fleet | None = None, comparison: Comparison | None = None, verdict: Verdict | None = None
) -> str:
    """The page, complete: style and script are inside, and its content-security policy allows these two and nothing else."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template("report.html.j2")
    return template.render(
        page=page.build(run, fleet, comparison, verdict), policy=policy, style=Markup(style), script=Markup(script)
    )


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
    return resources.files("dagprof.report").joinpath("templates").joinpath(name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")

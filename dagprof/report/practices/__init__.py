"""Reports about the findings of ``dagprof check``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from dagprof.practices.checking import Checked

# Each name is a module of this package with a function ``render``.
FORMATS = {
    "json": "all findings, for programs",
    "junit": "JUnit XML, for the test view of a CI system",
    "sarif": "SARIF 2.1.0, for code scanning, with help texts",
    "github": "workflow commands that annotate lines, for the log of GitHub Actions",
    "markdown": "a table for a wiki or a pull request",
}


def write(kind: str, checked: Checked, *, prefix: str = "", version: str = "") -> str:
    """The text of a report. ``prefix`` leads from the root of the repository to the bundle root."""
    name = "json_" if kind == "json" else kind
    module = import_module(f"dagprof.report.practices.{name}")
    render: Callable[..., str] = module.render
    return render(checked, prefix=prefix, version=version)

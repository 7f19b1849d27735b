"""Reports of a verdict, one format in one file. All but the terminal's are a pure function from a Verdict to text."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from dagprof.errors import UsageError
from dagprof.gate.verdict import Verdict


class Format(NamedTuple):
    """A text format: the module whose ``render`` writes it, and what it is for."""

    module: str
    purpose: str


FORMATS: dict[str, Format] = {
    "json": Format("json_", "the whole verdict, for programs"),
    "junit": Format("junit", "JUnit XML, for the test view of a CI system"),
    "sarif": Format("sarif", "SARIF 2.1.0, for code scanning"),
    "github": Format("github", "workflow commands that annotate lines, for the log of GitHub Actions"),
    "gitlab": Format("gitlab", "a code quality report, for merge requests of GitLab"),
    "markdown": Format("markdown", "a comment on a pull request, or the summary of a step"),
}


def write(format_name: str, verdict: Verdict, *, prefix: str = "") -> str:
    """The verdict in one of ``FORMATS``. ``prefix`` leads from the repository's root to the bundle's, such as ``dags/``.

    :raises UsageError: there is no such format.
    """
    if format_name not in FORMATS:
        raise UsageError(f"Unknown format {format_name!r}; choose from {', '.join(FORMATS)}.")
    # What a format needs is loaded only when it is requested.
    module = import_module(f"{__name__}.{FORMATS[format_name].module}")
    text: str = module.render(verdict, prefix=prefix)
    return text

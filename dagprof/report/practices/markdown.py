"""The findings as Markdown."""

from __future__ import annotations

from dagprof.practices.checking import Checked
from dagprof.report.practices import words
from dagprof.report.verdict.markdown import escaped

_MOST, _LONGEST = 100, 300


def render(checked: Checked, *, prefix: str = "", version: str = "") -> str:
    """A heading, the summary, and a table of the findings that nobody accepted."""
    lines = ["### dagprof check", "", words.summary(checked), ""]
    if checked.open:
        lines += ["| rule | place | finding | what to do |", "|---|---|---|---|"]
    for each in checked.open[:_MOST]:
        path, line = words.place(each, prefix)
        place = f"{path}:{line}" if path and each.line > 0 else path
        parts = (f"{each.code} {each.name}", place, f"{each.message} {each.cost}", each.advice)
        lines.append("| " + " | ".join(escaped(part, _LONGEST) for part in parts) + " |")
    if checked.open[_MOST:]:
        lines += ["", f"{len(checked.open) - _MOST} more findings are not shown."]
    lines += [line for note in checked.notes for line in ("", f"Note: {escaped(note, _LONGEST)}")]
    return "\n".join(lines) + "\n"

"""A comment for a pull request, in the Markdown of GitHub and GitLab. The comment begins with a
mark, and a later run finds the comment by this mark.

Names and messages come from DAG code. dagprof escapes names and messages, so they contain no
markup, HTML, links or mentions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from dagprof.config.policy import DESCRIPTIONS
from dagprof.gate.verdict import FileVerdict, Finding, Verdict
from dagprof.judge.judgement import Outcome
from dagprof.quantities import count
from dagprof.report.escape import safe_text
from dagprof.report.verdict import words
from dagprof.report.verdict.places import rooted, shown

MARK = "<!-- dagprof -->"

# The maximum length of a comment on GitHub is 65,536 characters.
LONGEST = 65_000

_Item = TypeVar("_Item")

# Entities keep a character from acting as markup. GitHub and GitLab also search the resulting text
# for links, mentions and references, so the first character of each goes into an element of its
# own.
_ESCAPES = str.maketrans(
    {character: f"&#{ord(character)};" for character in "\\`*_{}[]<>|\"'"}
    | {character: f"<span>&#{ord(character)};</span>" for character in "@#!%~&$^"}
)
_LINK_STARTS = {
    "://": "<span>&#58;</span>//",
    "www.": "www<span>&#46;</span>",
    "WWW.": "WWW<span>&#46;</span>",
}


class _Size(NamedTuple):
    """The maximum number of items in each list, and the maximum length of a text."""

    items: int
    width: int


# Tried in this order until the comment is short enough. Each character of a text may take 18
# characters in the comment.
_SIZES = (
    _Size(500, 400),
    _Size(100, 300),
    _Size(40, 200),
    _Size(15, 120),
    _Size(5, 80),
    _Size(1, 40),
    _Size(0, 40),
)


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """The comment in the largest size that fits. A shortened comment says what it omits."""
    text = ""
    for size in _SIZES:
        text = _Comment(size, prefix).write(verdict)
        if len(text) < LONGEST:
            break
    return text


class _Comment:
    """One attempt to write the comment. The class counts the omitted items."""

    def __init__(self, size: _Size, prefix: str) -> None:
        self._size = size
        self._prefix = prefix
        self._left_out: Counter[str] = Counter()

    def write(self, verdict: Verdict) -> str:
        parts = [
            MARK,
            f"### dagprof: {words.decision_word(verdict)}",
            self._text(verdict.reason),
            self._text(words.compared(verdict)),
            *self._changed(verdict),
            *self._list(
                "New files",
                "new file",
                words.new_files(verdict),
                lambda file: self._text(file.reason),
            ),
            *self._findings(verdict),
            *self._list("Accepted", "accepted finding", words.accepted(verdict), self._accepted),
            *self._list("Already present", "already present result", verdict.notes, self._text),
            *self._list("Notes", "note", verdict.doubts, self._text),
            *self._others(verdict),
        ]
        return "\n\n".join([part for part in (*parts, self._ending()) if part]) + "\n"

    def _changed(self, verdict: Verdict) -> list[str]:
        files = self._cut(words.changed(verdict), "changed file")
        if not files:
            return []
        return [
            table(
                ("", "file", "median", "change", "interval", "pairs", "reason"),
                [
                    (
                        words.title(file),
                        self._file(file),
                        *_figures(file),
                        self._text(words.why(file)),
                    )
                    for file in files
                ],
            )
        ]

    def _findings(self, verdict: Verdict) -> list[str]:
        parts = []
        for rule, level, findings in words.open_by_rule(verdict):
            title = f"{rule.value} ({level.value})"
            shown_lines = self._list(title, f"{rule.value} finding", findings, self._finding)
            parts += [*shown_lines[:1], DESCRIPTIONS[rule], *shown_lines[1:]] if shown_lines else []
        return parts

    def _list(
        self, title: str, noun: str, items: Sequence[_Item], line: Callable[[_Item], str]
    ) -> list[str]:
        kept = self._cut(items, noun)
        return [f"**{title}**", "\n".join(f"- {line(item)}" for item in kept)] if kept else []

    def _others(self, verdict: Verdict) -> list[str]:
        """The files without findings and without changes, in a folded section."""
        others = [
            file for outcome in (Outcome.GONE, Outcome.UNCHANGED) for file in verdict.of(outcome)
        ]
        files = self._cut(others, "other file")
        if not files:
            return []
        rows = [(words.TITLES[file.outcome], self._file(file), *_figures(file)) for file in files]
        return [
            f"<details>\n<summary>{count(len(others), 'other file')}</summary>",
            table(("", "file", "median", "change", "interval", "pairs"), rows),
            "</details>",
        ]

    def _ending(self) -> str:
        parts = [count(number, noun) for noun, number in self._left_out.items()]
        shorter = self._size.width < _SIZES[0].width
        if shorter:
            parts.append(f"the ends of texts longer than {self._size.width} characters")
        return (
            f"Omitted to keep this comment short: {', '.join(parts)}. For the full list, see the"
            " JSON report."
            if parts
            else ""
        )

    def _cut(self, items: Sequence[_Item], noun: str) -> Sequence[_Item]:
        if len(items) > self._size.items:
            self._left_out[noun] += len(items) - self._size.items
        return items[: self._size.items]

    def _file(self, file: FileVerdict) -> str:
        return f"<code>{self._text(rooted(file.path, self._prefix))}</code>"

    def _finding(self, finding: Finding) -> str:
        return self._placed(finding, finding.message)

    def _accepted(self, item: tuple[Finding, str]) -> str:
        finding, text = item
        return f"{finding.rule.value}, {self._placed(finding, text)}"

    def _placed(self, finding: Finding, text: str) -> str:
        where = shown(finding, self._prefix)
        return (f"<code>{self._text(where)}</code>: " if where else "") + self._text(text)

    def _text(self, value: str) -> str:
        return escaped(value, self._size.width)


def escaped(value: str, limit: int = 400) -> str:
    """The value as one line of plain text in Markdown."""
    text = safe_text(value, limit).translate(_ESCAPES)
    for start, split in _LINK_STARTS.items():
        text = text.replace(start, split)
    return text.strip()


def _figures(file: FileVerdict) -> tuple[str, str, str, str]:
    if file.timing is None:
        return "", "", "", ""
    return (
        words.medians(file.timing),
        words.change(file.timing),
        words.interval(file.timing),
        f"{file.timing.pairs:,}",
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. The cells must already be escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

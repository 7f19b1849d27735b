"""Classifies SQL by its first words. Templates and comments are removed before."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_ENDS = {"--": "\n", "/*": "*/", "{#": "#}"}
_BEGIN = re.compile(r"--|/\*|\{#")
# More SQL in one text is not read.
_LONGEST = 50_000
_WORD = re.compile(r"[A-Za-z]+")
_TABLE = r"([\w.`\"\[\]{}$-]+)"
_INSERT = re.compile(
    rf"^INSERT\s+(?!OVERWRITE\b|OR\b|ALL\b|IGNORE\b)(?:INTO\s+)?(?:TABLE\s+)?{_TABLE}",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:CURRENT_(?:DATE|TIMESTAMP|TIME)|NOW\s*\(|GETDATE\s*\(|SYSDATE|SYSTIMESTAMP"
    r"|UTC_TIMESTAMP|RANDOM\s*\(|RAND\s*\(|UUID\s*\(|GENERATE_UUID\s*\()",
    re.IGNORECASE,
)
_REPLACES = re.compile(
    r"\bON\s+CONFLICT\b|\bON\s+DUPLICATE\s+KEY\b|\bNOT\s+EXISTS\b|\bEXCEPT\b|\bIS\s+NULL\b",
    re.IGNORECASE,
)
_EMPTIES = re.compile(
    rf"\b(?:DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?"
    rf"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:LOCAL\s+)?TEMP(?:ORARY)?\s+)?TABLE(?:\s+IF\s+NOT\s+EXISTS)?"
    rf"|ALTER\s+TABLE)\s+{_TABLE}",
    re.IGNORECASE,
)
_READS = frozenset(("select", "show", "describe", "explain", "with", "values"))
_WRITES = frozenset(
    ("insert", "update", "delete", "merge", "upsert", "replace", "truncate", "copy", "load")
)
_CHANGES = frozenset(("create", "alter", "drop", "grant", "unload"))


class Statement(NamedTuple):
    """One SQL statement: its first word in lower case, and its text."""

    verb: str
    text: str

    @property
    def is_read(self) -> bool:
        """Whether the statement only reads."""
        return self.verb in _READS and not re.search(r"\bINTO\s+\w", self.text, re.IGNORECASE)

    @property
    def is_write(self) -> bool:
        """Whether the statement changes rows."""
        return self.verb in _WRITES


@functools.lru_cache(maxsize=1000)
def _without_comments(text: str) -> str:
    """The text without comments. A comment without an end goes on to the end of the text."""
    parts, done = [], 0
    text = text[:_LONGEST]
    while (match := _BEGIN.search(text, done)) is not None:
        end = text.find(_ENDS[match[0]], match.end())
        parts += [text[done : match.start()], " "]
        done = len(text) if end < 0 else end + len(_ENDS[match[0]])
    return "".join([*parts, text[done:]])


def statements(text: str) -> list[Statement]:
    """The statements of a text; empty if the text is not SQL."""
    found = []
    for part in _without_comments(text).split(";"):
        stripped = part.strip()
        word = _WORD.match(stripped)
        verb = word[0].lower() if word else ""
        if verb in _READS | _WRITES | _CHANGES and len(stripped.split()) > 1:
            found.append(Statement(verb, stripped))
    return found


def appended(text: str) -> list[str]:
    """The tables to which a text only adds rows, so that each further run adds them again."""
    emptied = emptied_tables(text)
    tables = []
    for statement in statements(text):
        match = _INSERT.match(statement.text)
        if match and not _REPLACES.search(statement.text):
            table = _plain(match[1])
            if table not in emptied:
                tables.append(table)
    return tables


def emptied_tables(text: str) -> set[str]:
    """The tables that a text empties, deletes rows from, or creates."""
    return {_plain(match[1]) for match in _EMPTIES.finditer(_without_comments(text))}


def _plain(table: str) -> str:
    return table.strip('`"[]').replace("`", "").replace('"', "").lower()


def changing(text: str) -> str:
    """The first function in a text whose value differs from run to run and that is written, such as
    ``NOW``; empty if there is none.
    """
    for statement in statements(text):
        match = _NOW.search(statement.text) if statement.verb in ("insert", "update") else None
        if match is not None:
            return match[0].rstrip("( ").upper()
    return ""

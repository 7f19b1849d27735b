"""Judge scans of hostile DAG files, and count what is right by family."""

from __future__ import annotations

import collections
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from hostile import CLEAN, CLEAN_TASKS, FAMILIES, behaviour
from trial import Row, Seen, time_limit_s

# What a parse may take beyond its limit.
_LATE_S = 2.0
# A clean parse next to hostile ones, in times of one without, and in ms more.
_SLOWER = 2.0
_SLOWER_MS = 100.0
# What may be noted of a clean file: the doings of the machine, and a DAG id that another file has too.
_HARMLESS = {"busy", "noisy", "drift", "no-bytecode", "same-dag-id"}


class Entry(msgspec.Struct, frozen=True):
    """One scan in the log: ``mode`` is ``plain``, ``alone`` or ``together``."""

    key: str
    airflow: int
    isolation: str
    mode: str
    names: tuple[str, ...]
    seen: Seen


class Faults(NamedTuple):
    """What is wrong with one scan, each in words; ``statuses`` by the behaviour's name."""

    clean: list[str]
    statuses: dict[str, str]
    left: list[str]
    late: list[str]
    trouble: list[str]

    @property
    def is_any(self) -> bool:
        return any(self)


def usual_ms(entries: Iterable[Entry]) -> dict[tuple[int, str], float]:
    """The parse time of a clean file without hostile neighbours, by Airflow and isolation."""
    found = collections.defaultdict(list)
    for entry in entries:
        if entry.mode == "plain":
            rows = (entry.seen.rows.get(path) for path in CLEAN)
            found[entry.airflow, entry.isolation] += [row.own_ms for row in rows if row]
    return {setup: statistics.median(times) for setup, times in found.items() if times}


def faults(entry: Entry, usual: Mapping[tuple[int, str], float]) -> Faults:
    """What is wrong with a scan."""
    seen = entry.seen
    most_s = time_limit_s(entry.isolation) + _LATE_S
    late = [f"{wait:.1f} s" for wait in seen.waits_s if wait > most_s]
    trouble = [seen.trouble] if seen.trouble else []
    if seen.exit_code is None:
        trouble.append("the scan did not end")
    elif seen.exit_code:
        trouble.append(f"exit code {seen.exit_code}")
    most_ms = usual.get((entry.airflow, entry.isolation), float("inf")) * _SLOWER + _SLOWER_MS
    return Faults(
        clean=[fault for path in CLEAN if (fault := _clean_fault(path, seen.rows, most_ms))],
        statuses={name: fault for name in entry.names if (fault := _status_fault(name, entry))},
        left=list(seen.left),
        late=late,
        trouble=trouble,
    )


def _clean_fault(path: str, rows: Mapping[str, Row], most_ms: float) -> str:
    row = rows.get(path)
    if row is None:
        return f"{path}: no result"
    if (row.status, row.dag_ids, row.tasks) != ("ok", (CLEAN[path],), CLEAN_TASKS):
        return f"{path}: {row.status}, {', '.join(row.dag_ids)}, {row.tasks} tasks ({row.detail})"
    if row.own_ms > most_ms:
        return f"{path}: {row.own_ms:.0f} ms instead of {most_ms:.0f} at most"
    if doubts := set(row.doubts) - _HARMLESS:
        return f"{path}: noted as {', '.join(sorted(doubts))}"
    return ""


def shown_path(path: str) -> str:
    """The path of a file as a Run has it: escaped where it is no UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace") if not _is_utf8(path) else path


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _status_fault(name: str, entry: Entry) -> str:
    one = behaviour(name)
    right = one.statuses(entry.airflow, entry.isolation)
    row = next((row for path, row in entry.seen.rows.items() if path in _paths(one.path)), None)
    if row is None:
        return f"no result instead of {'|'.join(sorted(right))}"
    if row.status in right:
        return ""
    return f"{row.status} instead of {'|'.join(sorted(right))} ({row.detail})"


def _paths(path: str) -> set[str]:
    return {path, path.encode("utf-8", "backslashreplace").decode(), shown_path(path)}


def failed(entries: Sequence[Entry]) -> list[Entry]:
    """The scans with any fault."""
    usual = usual_ms(entries)
    return [entry for entry in entries if faults(entry, usual).is_any]


class _Counts:
    """Counts of one family in one set-up and mode."""

    def __init__(self) -> None:
        self.files = self.clean = self.status = self.left = self.late = self.trouble = 0

    def add(self, name: str, found: Faults) -> None:
        self.files += 1
        self.clean += not found.clean
        self.status += name not in found.statuses
        self.left += bool(found.left)
        self.late += bool(found.late)
        self.trouble += bool(found.trouble)

    @property
    def cells(self) -> list[int]:
        return [self.files, self.clean, self.status, self.left, self.late, self.trouble]


_HEAD = ("files", "clean right", "status right", "left behind", "over limit", "tracebacks")
_FAMILY = {entry.name: family for family, entries in FAMILIES.items() for entry in entries}


def lines(entries: Sequence[Entry]) -> list[str]:
    """The table, for each set-up and mode, then each fault."""
    usual = usual_ms(entries)
    judged = [(entry, faults(entry, usual)) for entry in entries]
    shown = []
    for setup in sorted({(entry.airflow, entry.isolation, entry.mode) for entry in entries}):
        found = [
            (entry, fault)
            for entry, fault in judged
            if (entry.airflow, entry.isolation, entry.mode) == setup
        ]
        shown += ["", f"Airflow {setup[0]}, {setup[1]}, {setup[2]} ({len(found)} scans)"]
        shown += _counted(found)
        shown += _listed(found)
    return shown


def _counted(found: Sequence[tuple[Entry, Faults]]) -> list[str]:
    counts: dict[str, _Counts] = collections.defaultdict(_Counts)
    for entry, fault in found:
        for name in entry.names:
            counts[_FAMILY[name]].add(name, fault)
            counts["all"].add(name, fault)
    rows = [(family, counts[family].cells) for family in (*FAMILIES, "all") if family in counts]
    head = f"{'':12}" + "".join(f"{word:>14}" for word in _HEAD)
    return [head, *(f"{name:12}" + "".join(f"{cell:14}" for cell in cells) for name, cells in rows)]


def _listed(found: Sequence[tuple[Entry, Faults]]) -> list[str]:
    shown = []
    for entry, fault in found:
        # Without a Run there is a single thing to say.
        statuses = fault.statuses if entry.seen.rows else {}
        what = [
            *(f"clean: {text}" for text in fault.clean),
            *(f"status of {name}: {text}" for name, text in statuses.items()),
            *(f"left: {text}" for text in fault.left[:5]),
            *(f"late: {text}" for text in fault.late[:3]),
            *(f"trouble: {text.strip()[-400:]}" for text in fault.trouble),
        ]
        shown += [
            f"  {entry.key}: {text}".encode("ascii", "backslashreplace").decode() for text in what
        ]
    return shown

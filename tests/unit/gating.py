"""Parses, comparisons and verdicts for tests of the gate."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dagprof.config.policy import FileLimits, Level, Policy, Rule, Waiver, limits_for
from dagprof.gate import rules
from dagprof.gate.case import Case
from dagprof.gate.decide import Compared, Demand, decide
from dagprof.gate.parsed import Parsed
from dagprof.gate.verdict import Finding, Verdict
from dagprof.model import Effect, Failure, FileResult, Instability, Loads
from unit.builders import HELPED, file, loads, run, samples, trace

TODAY = datetime.date(2026, 5, 1)
HELPER_ALONE = loads((0, -1, 1_000, 1_000, -1, 4))
NO_LOADS = loads()


def times(ms: float, number: int = 9) -> tuple[float, ...]:
    """Parse times that differ slightly."""
    return tuple(ms + 0.1 * n for n in range(number))


def parsed(loaded: Loads = HELPED, **changes: Any) -> FileResult:
    return file("a.py", *changes.pop("wall_ms", times(100)), trace=trace(100, loaded), **changes)


def found(
    base: FileResult | None,
    head: FileResult,
    rule: Rule,
    limits: FileLimits | None = None,
    timeout_s: float = 30,
) -> list[Finding]:
    whole = limits or limits_for("a.py", Policy(), ())
    sides = [Parsed(side, run(side)) if side is not None else None for side in (base, head)]
    assert sides[1] is not None
    return [
        each
        for each in rules.findings(Case(sides[0], sides[1], whole, timeout_s * 1000))
        if each.rule is rule
    ]


def effect(kind: str, what: str = "", line: int = 3, **changes: Any) -> Effect:
    return Effect(
        kind=kind, what=what, **{"file": "/dags/common/frames.py", "line": line, **changes}
    )


BROKEN = Failure(type="KeyError", message="'x'", file="/dags/common/frames.py", line=5)
UNSTABLE = Instability(dag_id="d", field="tasks[0].doc", first="1", second="2")
FRAMES = "common/frames.py"


def waiver(**changes: Any) -> Waiver:
    values: dict[str, Any] = {
        "files": ("a.py",),
        "rule": Rule.SLOWER,
        "reason": "known",
        "until": TODAY,
        "file": "x",
    }
    return Waiver(**{**values, **changes})


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "rule": Rule.SLOWER,
        "level": Level.ERROR,
        "path": "a.py",
        "message": "m",
    }
    return Finding(**{**values, "file": FRAMES, "line": 7, **changes})


def compared(base: Sequence[FileResult], head: Sequence[FileResult], **changes: Any) -> Compared:
    values: dict[str, Any] = {"base_name": "main", "head_name": "the working tree", **changes}
    return Compared(base=run(*base), head=run(*head), **values)


def judged(
    base: Sequence[FileResult],
    head: Sequence[FileResult],
    demand: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Verdict:
    return decide(compared(base, head, **changes), Demand(today=TODAY, **(demand or {})), "9.9")


def slower(path: str = "a.py", number: int = 9) -> tuple[FileResult, FileResult]:
    return file(path, *times(100, number)), file(path, *times(400, number))


def policy(**levels: Level) -> dict[str, Policy]:
    return {"policy": Policy(rules={Rule(name): level for name, level in levels.items()})}


def blamed(
    base: FileResult, head: FileResult, lines: Mapping[str, Sequence[int]] | None = None
) -> tuple[str, str, int]:
    """Return the reason's text after "because", and the place of the finding."""
    (told,) = judged(
        [base], [head], policy(**{"new-package": Level.OFF}), changed_lines=lines or {}
    ).files
    (finding,) = told.findings
    assert finding.message == told.reason
    return told.reason.partition(", because ")[2], finding.file, finding.line


def before(loaded: Loads = NO_LOADS, **changes: Any) -> FileResult:
    return file(
        "a.py", *times(100), trace=trace(100, loaded, changes.pop("statements", ())), **changes
    )


def after(loaded: Loads = NO_LOADS, **changes: Any) -> FileResult:
    given = changes.pop("samples", samples(*times(400)))
    return file(
        "a.py", samples=given, trace=trace(400, loaded, changes.pop("statements", ())), **changes
    )


CALLED = msgspec.structs.replace(
    loads((0, -1, 1_000, 1_000, -1, 4), (1, -1, 300_000, 300_000, 0, 12)), caller_line=(0, 7)
)

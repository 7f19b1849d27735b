"""The gate on Runs written by hand: rules, waivers, decisions, reasons, and the comparison with a stored Run."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from dagprof.errors import UsageError
from dagprof.gate import reasons, rules, waivers
from dagprof.gate.baseline import decide_by_baseline, suspects
from dagprof.gate.decide import Compared, Demand, decide
from dagprof.gate.parsed import Parsed
from dagprof.gate.tied import Changed
from dagprof.gate.verdict import Decision, FileVerdict, Finding, Outcome, Verdict
from dagprof.model import (
    EXISTENCE,
    Access,
    Edge,
    Effect,
    Failure,
    FileResult,
    Instability,
    Loads,
    Module,
    Origin,
    Reference,
    Run,
    Samples,
    SkippedFile,
    SkipReason,
    Status,
)
from dagprof.policy import FileLimits, Level, Override, Policy, Rule, Waiver, limits_for
from unit import builders
from unit.builders import HELPED, MODULES, file, loads, run, samples, statement, trace

TODAY = datetime.date(2026, 5, 1)
HELPER_ALONE = loads((0, -1, 1_000, 1_000, -1, 4))
NO_LOADS = loads()


def times(ms: float, number: int = 9) -> tuple[float, ...]:
    """Parse times that differ a little."""
    return tuple(ms + 0.1 * n for n in range(number))


# Rules: one case with a finding each, and the same parse on both sides without any.


def parsed(loaded: Loads = HELPED, **changes: Any) -> FileResult:
    return file("a.py", *changes.pop("wall_ms", times(100)), trace=trace(100, loaded), **changes)


def found(
    base: FileResult | None, head: FileResult, rule: Rule, limits: FileLimits | None = None, timeout_s: float = 30
) -> list[Finding]:
    whole = limits or limits_for("a.py", Policy(), ())
    sides = [Parsed(side, run(side)) if side is not None else None for side in (base, head)]
    assert sides[1] is not None
    return [
        each for each in rules.findings(rules.Case(sides[0], sides[1], whole, timeout_s * 1000)) if each.rule is rule
    ]


def effect(kind: str, what: str = "", line: int = 3, **changes: Any) -> Effect:
    return Effect(kind=kind, what=what, **{"file": "/dags/common/frames.py", "line": line, **changes})


def access(kind: str, key: str) -> Access:
    return Access(kind=kind, key=key, operation="get", answered_by="stub", file="/dags/a.py", line=8)


BROKEN = Failure(type="KeyError", message="'x'", file="/dags/common/frames.py", line=5)
UNSTABLE = Instability(dag_id="d", field="tasks[0].doc", first="1", second="2")
FRAMES = "common/frames.py"


@pytest.mark.parametrize(
    ("rule", "head", "place", "sentence"),
    [
        (
            Rule.IMPORT_ERROR,
            parsed(status=Status.IMPORT_ERROR, failures=(BROKEN,)),
            (FRAMES, 5),
            "a.py gave DAGs before and gives none now: KeyError: 'x'",
        ),
        (
            Rule.NEW_VARIABLE,
            parsed(accesses=(access("variable", "one"),)),
            ("a.py", 8),
            "a.py reads the Variable 'one' in every parse; read it in a task or a template",
        ),
        (
            Rule.NEW_CONNECTION,
            parsed(accesses=(access("connection", "db"),)),
            ("a.py", 8),
            "a.py reads the Connection 'db' in every parse; read it in a task or a template",
        ),
        (
            Rule.NEW_DATABASE,
            parsed(effects=(effect("database", "db:5432"), effect("metadata-database", "select"))),
            (FRAMES, 3),
            "a.py asks a database while it is parsed (db:5432, select); ask it in a task",
        ),
        (
            Rule.NEW_NETWORK,
            parsed(effects=(effect("dns", "host"), effect("socket", "host:80"), effect("http", "host/x"))),
            (FRAMES, 3),
            "a.py uses the network while it is parsed (host, host:80, host/x); use it in a task",
        ),
        (
            Rule.NEW_PROCESS,
            parsed(effects=(effect("process", "git", file=""),)),
            ("a.py", 3),
            "a.py starts a program while it is parsed (git); start it in a task",
        ),
        (
            Rule.UNSTABLE_DAG,
            parsed(instabilities=(UNSTABLE,)),
            ("a.py", 0),
            "the DAG d differs from parse to parse: tasks[0].doc is 1, then 2; Airflow 3 stores each as a new version",
        ),
        (
            Rule.TIMEOUT,
            parsed(wall_ms=(16_000, 15_100, 40_000)),
            ("a.py", 0),
            "a.py takes 15.1 s of the 30 s after which Airflow gives up",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Rule) else "",
)
def test_a_rule_finds_what_is_new(rule: Rule, head: FileResult, place: tuple[str, int], sentence: str) -> None:
    finding = found(parsed(), head, rule)
    assert [((each.file, each.line), each.message, each.level) for each in finding] == [(place, sentence, Level.ERROR)]
    assert found(None, head, rule)
    assert found(parsed(), parsed(), rule) == []
    if rule is not Rule.TIMEOUT:
        assert found(head, head, rule) == []
    off = limits_for("a.py", Policy(rules={rule: Level.OFF}), ())
    assert found(parsed(), head, rule, off) == []


def test_a_new_package_is_told_with_the_way_to_it() -> None:
    (finding,) = found(parsed(HELPER_ALONE), parsed(), Rule.NEW_PACKAGE)
    assert (finding.file, finding.line, finding.level) == (FRAMES, 1, Level.WARNING)
    assert finding.message == "a.py now loads pandas, numpy (a.py:4 → common/frames.py:1)"
    assert found(parsed(), parsed(), Rule.NEW_PACKAGE) == []
    assert found(parsed(), parsed(HELPER_ALONE), Rule.NEW_PACKAGE) == []
    broken = parsed(HELPER_ALONE, status=Status.IMPORT_ERROR)
    assert found(broken, parsed(), Rule.NEW_PACKAGE) == []  # how much more it would have loaded is not known
    (new,) = found(None, parsed(), Rule.NEW_PACKAGE)
    assert new.message == "a.py is new and loads pandas (a.py:4 → common/frames.py:1)"  # numpy came with it


def test_of_a_lazy_module_the_import_that_asked_is_to_change() -> None:
    """Line 7 takes a name from the helper of line 4, whose ``__getattr__`` imports pandas at its line 9."""
    lazy = loads((0, -1, 1_000, 1_000, -1, 4), (1, -1, 300_000, 300_000, 0, 9))
    lazy = msgspec.structs.replace(lazy, caller_line=(4, 7))
    head = parsed(lazy)
    assert head.trace is not None
    edges = (Edge(line=4, target=0), Edge(line=7, target=0))
    head = msgspec.structs.replace(head, trace=msgspec.structs.replace(head.trace, edges=edges))
    (finding,) = found(parsed(HELPER_ALONE), head, Rule.NEW_PACKAGE)
    assert (finding.file, finding.line) == ("a.py", 7)
    assert finding.message == "a.py now loads pandas (a.py:7 → common/frames.py:9)"
    called = found(parsed(HELPER_ALONE), parsed(lazy), Rule.NEW_PACKAGE)  # line 7 is no import statement there
    assert [(each.file, each.line) for each in called] == [(FRAMES, 9)]


def test_a_forbidden_package_is_told_also_when_it_is_not_new() -> None:
    def forbid(*names: str) -> FileLimits:
        return limits_for("a.py", Policy(forbid=names), ())

    finding = found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, forbid("NumPy", "torch"))
    assert [each.message for each in finding] == ["a.py loads numpy, which is forbidden (a.py:4 → common/frames.py:1)"]
    assert found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, forbid("torch", "num", "common", "json")) == []
    assert found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE) == []


def test_only_what_the_users_code_asks_for_needs_to_be_allowed() -> None:
    """numpy is loaded by pandas."""
    limits = limits_for("a.py", Policy(allow=("requests",)), ())
    finding = found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, limits)
    assert [each.message.partition(" (")[0] for each in finding] == [
        "a.py imports pandas, which is not among the allowed packages"
    ]
    assert (finding[0].file, finding[0].line) == (FRAMES, 1)
    assert found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, limits_for("a.py", Policy(allow=("pandas",)), ())) == []


def test_what_airflow_has_loaded_already_can_be_forbidden_where_it_is_imported() -> None:
    """Nothing loads it; line 2 of the file and line 9 of numpy ask for it."""
    there = Module(name="yaml", file="/site/yaml.py", origin=Origin.DISTRIBUTION, distribution="PyYAML")
    modules = (*MODULES, there)
    asks = parsed()
    assert asks.trace is not None
    edges = (Edge(line=2, target=5), Edge(line=9, target=5, importer=3))
    asks = msgspec.structs.replace(asks, trace=msgspec.structs.replace(asks.trace, edges=edges))
    for policy, word in (
        (Policy(forbid=("pyyaml",)), "forbidden"),
        (Policy(allow=("pandas",)), "not among the allowed"),
    ):
        case = rules.Case(None, Parsed(asks, run(asks, modules=modules)), limits_for("a.py", policy, ()), 30_000)
        (told,) = [each for each in rules.findings(case) if each.rule is Rule.FORBIDDEN_PACKAGE]
        assert told.message.startswith(f"a.py imports yaml, which is {word}")
        assert (told.file, told.line) == ("a.py", 2)


def test_many_new_modules_are_told() -> None:
    few = limits_for("a.py", Policy(new_modules=3), ())
    (finding,) = found(parsed(NO_LOADS), parsed(), Rule.NEW_MODULES, few)
    assert (finding.file, finding.line) == (FRAMES, 1)  # the first is line 4, by which only the helper itself is loaded
    assert finding.message == "a.py loads 5 modules instead of 0; 3 more are allowed"
    assert found(parsed(HELPER_ALONE), parsed(), Rule.NEW_MODULES, limits_for("a.py", Policy(new_modules=4), ())) == []
    assert found(None, parsed(), Rule.NEW_MODULES, few) == []


def test_a_budget_is_held_against_the_fastest_parse_without_waiting_for_a_processor() -> None:
    limits = limits_for("a.py", Policy(budget="90ms"), ())
    (finding,) = found(None, parsed(), Rule.BUDGET, limits)
    assert finding.message == "a.py takes 100 ms even in its fastest parse, more than its budget of 90ms"
    waited = msgspec.structs.replace(samples(300, 200, 250), queued_ms=(0.0, 115.0, 0.0))
    assert found(None, parsed(samples=waited), Rule.BUDGET, limits) == []
    assert found(None, parsed(), Rule.BUDGET, limits_for("a.py", Policy(budget="100ms"), ())) == []
    assert found(None, parsed(samples=Samples()), Rule.BUDGET, limits) == []


def test_without_a_time_out_none_is_close() -> None:
    assert found(None, parsed(wall_ms=(90_000,)), Rule.TIMEOUT, timeout_s=0) == []


def test_a_file_that_was_broken_already_is_not_told() -> None:
    broken = parsed(status=Status.TIMED_OUT, detail="it took too long")
    assert found(broken, broken, Rule.IMPORT_ERROR) == []
    (finding,) = found(None, broken, Rule.IMPORT_ERROR)
    assert finding.message == "a.py is new and gives no DAGs: it took too long"


def test_one_thing_at_two_lines_is_told_once_for_each_line() -> None:
    head = parsed(effects=(effect("http", "x", 1), effect("http", "x", 2), effect("http", "x", 2)))
    assert [(each.line, each.message.count("(x)")) for each in found(parsed(), head, Rule.NEW_NETWORK)] == [
        (1, 1),
        (2, 1),
    ]


def test_a_file_without_a_trace_is_no_problem() -> None:
    bare = file("a.py", *times(100))
    assert [rules.findings(rules.Case(None, Parsed(bare, run(bare)), limits_for("a.py", Policy(), ()), 0))] == [()]


# Waivers.


def waiver(**changes: Any) -> Waiver:
    values: dict[str, Any] = {"files": ("a.py",), "rule": Rule.SLOWER, "reason": "known", "until": TODAY, "file": "x"}
    return Waiver(**{**values, **changes})


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {"rule": Rule.SLOWER, "level": Level.ERROR, "path": "a.py", "message": "m"}
    return Finding(**{**values, "file": FRAMES, "line": 7, **changes})


def test_a_comment_on_a_line_accepts_what_is_found_there() -> None:
    text = "import os\nimport pandas  # dagprof: accept new-package until 2027-01-31: the report needs it\n"
    (read,), wrong = waivers.in_source(text, "a.py")
    assert wrong == []
    assert read == Waiver(
        files=("a.py",),
        rule=Rule.NEW_PACKAGE,
        reason="the report needs it",
        until=datetime.date(2027, 1, 31),
        line=2,
        file="a.py",
        comment_line=2,
    )


def test_a_comment_on_a_line_of_its_own_accepts_for_the_whole_file() -> None:
    (read,), _ = waivers.in_source("def f():\n    #dagprof:ACCEPT Slower until 2027-01-31:x y\n    pass", "a.py")
    assert (read.line, read.place, read.reason, read.rule) == (0, "a.py:2", "x y", Rule.SLOWER)


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("accept", "it needs a rule, a last day and a reason"),
        ("allow new-variable until 2027-01-31: needed", "it needs a rule, a last day and a reason"),
        ("accept slower", "it needs a rule, a last day and a reason"),
        ("accept slower, new-modules until 2027-01-31: x", "a comment accepts one rule"),
        ("accept slower until tomorrow: x", "it needs a rule, a last day and a reason"),
        ("accept slower until 2027-02-30: x", "2027-02-30 is no day"),
        ("accept slower until 2027-01-31", "it gives no reason"),
        ("accept slower until 2027-01-31: ", "it gives no reason"),
        ("accept new-pakage until 2027-01-31: x", "there is no rule 'new-pakage', did you mean 'new-package'?"),
        ("accept qqq until 2027-01-31: x", "there is no rule 'qqq', the rules are slower, unsure, "),
        ("accept expired-waiver until 2027-01-31: x", "there is no rule 'expired-waiver', the rules are "),
    ],
)
def test_a_comment_that_accepts_nothing_is_told(comment: str, why: str) -> None:
    read, (wrong,) = waivers.in_source(f"x = 1\n# dagprof: {comment}\n", "a.py")
    assert read == []
    assert wrong.startswith(f"a.py:2 accepts nothing: {why}")
    assert wrong.endswith("; write it as `# dagprof: accept RULE until YYYY-MM-DD: reason`.")


@pytest.mark.parametrize(
    "text",
    [
        "x = '# dagprof: accept rain'",
        "# see dagprof: accept",
        "",
        "def (",
        "'''\n# dagprof: accept",
    ],
)
def test_what_is_no_such_comment_is_left_alone(text: str) -> None:
    assert waivers.in_source(text, "a.py") == ([], [])


def test_comments_before_a_syntax_error_are_read() -> None:
    text = "# dagprof: accept import-error until 2027-01-31: moving\nx = (\n"
    assert [read.rule for read in waivers.in_source(text, "a.py")[0]] == [Rule.IMPORT_ERROR]


@pytest.mark.parametrize(
    ("changes", "accepts"),
    [
        ({}, True),
        ({"files": ("common/*.py",)}, True),  # where the finding points
        ({"files": ("dags/**",)}, True),  # as seen from the configuration file
        ({"files": ("b.py", "a.*")}, True),
        ({"files": ("b.py",)}, False),
        ({"line": 7}, True),
        ({"line": 8}, False),
        ({"rule": Rule.UNSURE}, False),
        ({"until": TODAY - datetime.timedelta(1)}, False),
        ({"until": TODAY + datetime.timedelta(1)}, True),
    ],
)
def test_what_a_waiver_covers(changes: dict[str, Any], accepts: bool) -> None:
    told = waivers.applied(finding(), [waiver(rule=Rule.BUDGET), waiver(**changes)], TODAY, folders="dags")
    assert bool(told.waived) == accepts
    assert told.fails != accepts
    if accepts:
        day = changes.get("until", TODAY).isoformat()
        assert told.waived == f"accepted until {day}: known (x)"
        assert not told.is_waived_in_source


def test_a_finding_says_whether_a_comment_accepts_it() -> None:
    told = waivers.applied(finding(), [waiver(file="a.py", comment_line=7)], TODAY)
    assert told.is_waived_in_source
    assert told.waived.endswith("known (a.py:7)")


def test_a_waiver_that_has_expired_is_a_finding() -> None:
    yesterday = TODAY - datetime.timedelta(1)
    old = [
        waiver(until=yesterday, file="dags/a.py", comment_line=3),
        waiver(until=yesterday, file="pyproject.toml"),
        waiver(),
    ]
    here, there = waivers.expired(old, TODAY, Level.WARNING)
    assert (here.file, here.line, here.level, here.rule) == ("dags/a.py", 3, Level.WARNING, Rule.EXPIRED_WAIVER)
    assert here.message == (
        "dags/a.py:3 accepted slower for a.py until 2026-04-30 (known); mend it, or set another day"
    )
    assert (there.file, there.line) == ("pyproject.toml", 0)
    assert waivers.expired(old, TODAY, Level.OFF) == ()


def test_a_comment_that_accepted_nothing_is_told() -> None:
    """One on a line that is as before or that has expired, one of the configuration, and those that accept something are not."""
    day = TODAY + datetime.timedelta(1)
    comments = [
        waiver(line=6, file="a.py", comment_line=6),
        waiver(line=7, file="common/frames.py", comment_line=7, files=(FRAMES,)),
        waiver(file="a.py", comment_line=1, until=TODAY - datetime.timedelta(1), rule=Rule.BUDGET),
        waiver(file="pyproject.toml", rule=Rule.BUDGET),
    ]
    changed = {"a.py": range(1, 8), FRAMES: (7,)}
    (text,) = waivers.unused(comments, [finding()], TODAY, changed)
    assert text.startswith("a.py:6 accepts slower, but nothing was found at that line; on a line of its own a comment")
    assert waivers.unused(comments, [finding()], TODAY, {"a.py": (5,)}) == ()
    assert waivers.unused(comments[1:], [finding()], TODAY, changed) == ()
    many = [waiver(file="a.py", comment_line=line, until=day) for line in range(1, 8)]
    (text,) = waivers.unused(many, [], TODAY, changed)
    assert "a.py:5 accepts slower and 2 more do so, but" in text
    base, head = slower()
    told = judged([base], [head], {"waivers": tuple(comments[:1])}, doubts=("busy",), changed_lines=changed)
    assert [doubt.partition(",")[0] for doubt in told.doubts] == ["busy", "a.py:6 accepts slower"]


# Decisions and outcomes.


def compared(base: Sequence[FileResult], head: Sequence[FileResult], **changes: Any) -> Compared:
    values: dict[str, Any] = {"base_name": "main", "head_name": "the working tree", **changes}
    return Compared(base=run(*base), head=run(*head), **values)


def judged(
    base: Sequence[FileResult], head: Sequence[FileResult], demand: Mapping[str, Any] | None = None, **changes: Any
) -> Verdict:
    return decide(compared(base, head, **changes), Demand(today=TODAY, **(demand or {})), "9.9")


def slower(path: str = "a.py", number: int = 9) -> tuple[FileResult, FileResult]:
    return file(path, *times(100, number)), file(path, *times(400, number))


def policy(**levels: Level) -> dict[str, Policy]:
    return {"policy": Policy(rules={Rule(name): level for name, level in levels.items()})}


@pytest.mark.parametrize(
    ("base", "head", "outcome", "sentence"),
    [
        (
            file("a.py", *times(100)),
            file("a.py", *times(400)),
            Outcome.REGRESSION,
            "a.py +300 ms (+299 %); no single line",
        ),
        (file("a.py", *times(400)), file("a.py", *times(100)), Outcome.IMPROVEMENT, "a.py −300 ms (−75 %)"),
        (
            file("a.py", *times(100)),
            file("a.py", *times(101)),
            Outcome.UNCHANGED,
            "a.py +1 ms (+1 %), within the limits",
        ),
        (file("a.py", 1, 90), file("a.py", 90, 1), Outcome.CANNOT_TELL, "after 2 pairs of parses, too wide to tell"),
        (None, file("a.py", 60, 70, 80), Outcome.NEW, "a.py is new and takes 70 ms"),
        (None, file("a.py", status=Status.TIMED_OUT), Outcome.NEW, "a.py is new and gives no DAGs (timed-out)"),
        (file("a.py", 60), None, Outcome.GONE, "a.py is not there any more"),
        (
            file("a.py"),
            file("a.py", 60),
            Outcome.CANNOT_TELL,
            "a.py was not parsed in turns before the time budget was spent",
        ),
        (
            file("a.py", 60),
            file("a.py", 60, status=Status.IMPORT_ERROR),
            Outcome.CANNOT_TELL,
            "a.py gives no DAGs (import-error now, ok before)",
        ),
        (
            file("a.py", status=Status.KILLED),
            file("a.py", status=Status.TIMED_OUT),
            Outcome.UNCHANGED,
            "a.py gives no DAGs on either side (timed-out)",
        ),
    ],
)
def test_what_became_of_a_file(
    base: FileResult | None, head: FileResult | None, outcome: Outcome, sentence: str
) -> None:
    (told,) = judged([base] if base else [], [head] if head else []).files
    assert told.outcome is outcome
    assert sentence in told.reason


def test_a_new_file_is_told_with_the_statement_that_most_of_it_goes_into() -> None:
    (told,) = judged([], [after(statements=[statement(9, 310_000), statement(11, 20_000)])]).files
    assert told.reason == "a.py is new and takes 400 ms, 78% of it in line 9 (`statement(9)`)"
    assert told.parse_ms == pytest.approx(400, rel=0.02)
    many = [statement(line, 40_000) for line in range(3, 13)]
    assert judged([], [after(statements=many)]).files[0].reason == "a.py is new and takes 400 ms"


def test_why_the_base_failed_is_told() -> None:
    """It may lack files that git does not keep, where the change is not to blame."""
    broken = file("a.py", 60, status=Status.IMPORT_ERROR, failures=(BROKEN,))
    (told,) = judged([broken], [file("a.py", 60)]).files
    assert told.reason == (
        "a.py has no times to compare (import-error before, ok now); the base failed with KeyError: 'x'"
    )


def test_a_renamed_file_is_told_with_its_old_name() -> None:
    base, head = slower()
    (told,) = judged([base], [head], renamed={"a.py": "worker.py"}).files
    assert told.reason.endswith("; the file was worker.py before")


def test_a_regression_fails_and_is_told_with_its_figures() -> None:
    same = file("b.py", *times(50))
    verdict = judged([slower()[0], same], [slower()[1], same], unaffected=7, doubts=("busy",))
    assert verdict.decision is Decision.FAILED
    assert verdict.reason == "1 finding in 1 file fails the gate."
    assert (verdict.base, verdict.head, verdict.unaffected) == ("main", "the working tree", 7)
    assert (verdict.doubts, verdict.dagprof_version, verdict.wall_s) == (("busy",), "9.9", 4.0)
    timing = verdict.files[0].timing
    assert timing is not None
    assert (timing.base_ms, timing.head_ms, timing.change_ms, timing.pairs) == (100.4, 400.4, 300, 9)
    assert timing.head_samples_ms == pytest.approx(times(400))


@pytest.mark.parametrize(
    ("level", "decision", "findings"),
    [(Level.ERROR, Decision.FAILED, 1), (Level.WARNING, Decision.PASSED, 1), (Level.OFF, Decision.PASSED, 0)],
)
def test_the_level_of_a_regression_decides(level: Level, decision: Decision, findings: int) -> None:
    base, head = slower()
    verdict = judged([base], [head], policy(slower=level))
    assert verdict.decision is decision
    assert len(verdict.all_findings) == findings
    assert verdict.files[0].outcome is Outcome.REGRESSION


@pytest.mark.parametrize(
    ("level", "decision"),
    [(Level.ERROR, Decision.FAILED), (Level.WARNING, Decision.CANNOT_TELL), (Level.OFF, Decision.CANNOT_TELL)],
)
def test_what_cannot_be_told_fails_only_where_it_was_asked_for(level: Level, decision: Decision) -> None:
    verdict = judged([file("a.py", 1, 90)], [file("a.py", 90, 1)], policy(unsure=level))
    assert verdict.decision is decision
    if decision is Decision.CANNOT_TELL:
        assert verdict.reason == "No regression is shown, but 1 file cannot be told."


def test_a_failure_outweighs_what_cannot_be_told() -> None:
    base, head = slower()
    verdict = judged([base, file("b.py", 1, 90)], [head, file("b.py", 90, 1)])
    assert verdict.decision is Decision.FAILED


def test_an_accepted_regression_passes_and_is_not_denied() -> None:
    base, head = slower()
    verdict = judged([base], [head], {"waivers": (waiver(),)})
    assert verdict.decision is Decision.PASSED
    assert verdict.reason == "1 file became slower, which is accepted; 1 file measured, 1 finding accepted."
    assert judged([base], [base]).reason == "No file became slower beyond the limits; 1 file measured."


def test_an_expired_waiver_fails_although_nothing_else_does() -> None:
    same = file("a.py", *times(50))
    verdict = judged([same], [same], {"waivers": (waiver(until=datetime.date(2026, 4, 30), file="pyproject.toml"),)})
    assert verdict.decision is Decision.FAILED
    assert [each.rule for each in verdict.findings] == [Rule.EXPIRED_WAIVER]


def test_without_any_file_nothing_can_be_reached() -> None:
    verdict = judged([], [])
    assert (verdict.decision, verdict.reason) == (Decision.PASSED, "No DAG file can be reached by what changed.")


def test_files_may_have_limits_of_their_own() -> None:
    (a, slow_a), (b, slow_b) = slower("a.py"), slower("b.py")
    wide = Override(files=("b.py",), absolute="1s")
    verdict = judged([a, b], [slow_a, slow_b], {"overrides": (wide,)})
    assert [file.outcome for file in verdict.files] == [Outcome.REGRESSION, Outcome.UNCHANGED]


def test_time_in_a_queue_for_a_processor_is_nobodys_fault() -> None:
    waited = msgspec.structs.replace(samples(*times(400)), queued_ms=(300.0,) * 9)
    verdict = judged([file("a.py", *times(100))], [file("a.py", samples=waited)])
    assert verdict.files[0].outcome is Outcome.UNCHANGED


def test_findings_that_fail_come_first() -> None:
    base, head = slower()
    base = msgspec.structs.replace(base, trace=trace(100, NO_LOADS, ()))
    head = msgspec.structs.replace(head, effects=(effect("process", "ls"),))
    verdict = judged([base], [head], policy(slower=Level.WARNING))
    assert [each.rule for each in verdict.all_findings] == [Rule.NEW_PROCESS, Rule.SLOWER]
    assert verdict.reason == "1 finding in 1 file fails the gate."


def test_where_the_base_was_not_traced_nothing_it_loads_or_does_is_new() -> None:
    base, head = file("a.py", *times(100)), after(loads((1, -1, 300_000, 300_000, -1, 7)), samples=samples(*times(100)))
    head = msgspec.structs.replace(head, effects=(effect("process", "ls"),))
    assert judged([base], [head]).files[0].findings == ()
    traced = msgspec.structs.replace(base, trace=trace(100, NO_LOADS, ()))
    assert {each.rule for each in judged([traced], [head]).files[0].findings} == {Rule.NEW_PACKAGE, Rule.NEW_PROCESS}


# Reasons: what is named as the cause, and where.


def blamed(
    base: FileResult, head: FileResult, lines: Mapping[str, Sequence[int]] | None = None
) -> tuple[str, str, int]:
    """What stands after "because" in the reason, and the place of the finding."""
    (told,) = judged([base], [head], policy(**{"new-package": Level.OFF}), changed_lines=lines or {}).files
    (finding,) = told.findings
    assert finding.message == told.reason
    return told.reason.partition(", because ")[2], finding.file, finding.line


def before(loaded: Loads = NO_LOADS, **changes: Any) -> FileResult:
    return file("a.py", *times(100), trace=trace(100, loaded, changes.pop("statements", ())), **changes)


def after(loaded: Loads = NO_LOADS, **changes: Any) -> FileResult:
    given = changes.pop("samples", samples(*times(400)))
    return file("a.py", samples=given, trace=trace(400, loaded, changes.pop("statements", ())), **changes)


def test_a_new_import_in_the_dag_file_is_named() -> None:
    assert blamed(before(), after(loads((1, -1, 300_000, 300_000, -1, 7)))) == (
        "line 7 now imports `pandas`",
        "a.py",
        7,
    )
    with_numpy = loads((1, -1, 100_000, 300_000, -1, 7), (3, 0, 200_000, 200_000, 1, 2))
    assert blamed(before(), after(with_numpy))[0] == "line 7 now imports `pandas`, which loads numpy"


def test_a_new_import_in_a_helper_is_named_at_the_helper() -> None:
    loaded = loads((0, -1, 1_000, 301_000, -1, 4), (1, 0, 300_000, 300_000, 0, 12))
    text, place, line = blamed(before(HELPER_ALONE), after(loaded))
    assert (text, place, line) == ("common/frames.py:12 now imports `pandas`", FRAMES, 12)


def test_a_new_helper_is_named_with_the_heavy_package_behind_it() -> None:
    loaded = loads((0, -1, 1_000, 301_000, -1, 4), (1, 0, 300_000, 300_000, 0, 12))
    assert blamed(before(), after(loaded)) == ("line 4 now imports `common.frames`, which loads pandas", "a.py", 4)


def test_of_what_a_line_asks_for_the_module_that_takes_most_is_named() -> None:
    """``from pandas import core`` loads pandas with numpy, then pandas.core through the ``__getattr__`` of pandas."""
    loaded = loads((1, -1, 20_000, 80_000, -1, 7), (3, 0, 60_000, 60_000, 1, 2), (2, -1, 230_000, 230_000, 1, 9))
    loaded = msgspec.structs.replace(loaded, caller_line=(7, 2, 7))
    assert blamed(before(), after(loaded))[0] == "line 7 now imports `pandas.core`"
    (told,) = judged([after(loaded)], [before()]).files
    assert told.reason.endswith("; before, line 7 imported `pandas.core`")


def test_an_import_that_is_new_without_a_change_of_its_file_is_told_with_the_helper_that_changed() -> None:
    """Line 4 takes another name from a lazy module, since the helper's table at its line 2 changed."""
    loaded = loads((0, -1, 1_000, 1_000, -1, 3), (1, -1, 300_000, 300_000, -1, 4))
    text = "line 4 now imports `pandas`"
    assert blamed(before(HELPER_ALONE), after(loaded), {FRAMES: (2,)}) == (
        f"{text}, and common/frames.py:2 changed",
        FRAMES,
        2,
    )
    assert blamed(before(HELPER_ALONE), after(loaded), {FRAMES: (2,), "a.py": (1,)}) == (
        f"{text}, and a.py:1 and common/frames.py:2 changed",
        "a.py",
        0,
    )


CALLED = msgspec.structs.replace(
    loads((0, -1, 1_000, 1_000, -1, 4), (1, -1, 300_000, 300_000, 0, 12)), caller_line=(0, 7)
)


@pytest.mark.parametrize(
    ("base", "lines"),
    [
        (before(HELPER_ALONE), {"a.py": (7,)}),
        (before(HELPER_ALONE, statements=[statement(7, 1, text="build(1)")]), {}),
        (before(HELPER_ALONE, statements=[statement(7, 1, text="build(1)")]), {"a.py": (8,)}),
    ],
    ids=["a changed line", "a baseline's statements", "a statement that goes on"],
)
def test_a_new_call_that_imports_is_no_import(base: FileResult, lines: dict[str, Sequence[int]]) -> None:
    """Line 4 imports the helper on both sides; line 7 calls a function of it, which imports pandas."""
    head = after(CALLED, statements=[statement(7, 300_000, text="build()")])
    text = "line 7 now calls into `common.frames`, which loads pandas"
    assert blamed(base, head, lines) == (text, "a.py", 7)


@pytest.mark.parametrize("lines", [{FRAMES: (12,)}, {}], ids=["changed lines", "a baseline"])
def test_a_new_import_in_a_function_that_was_called_before_is_named_there(lines: dict[str, Sequence[int]]) -> None:
    """Line 7 called it before, too, when it imported nothing."""
    call = statement(7, 300_000, text="build()")
    base = before(HELPER_ALONE, statements=[msgspec.structs.replace(call, wall_us=1)])
    text = "common/frames.py:12 now imports `pandas`"
    assert blamed(base, after(CALLED, statements=[call]), lines) == (text, FRAMES, 12)


def test_a_new_helper_whose_own_code_is_slow_is_named() -> None:
    text, place, line = blamed(before(), after(loads((0, -1, 300_000, 300_000, -1, 4))))
    assert text == "line 4 now imports `common.frames`, whose own code takes that time"
    assert (place, line) == ("a.py", 4)


def test_a_helpers_own_code_is_named_at_its_changed_line() -> None:
    slow = after(loads((0, -1, 300_000, 300_000, -1, 4)))
    assert blamed(before(HELPER_ALONE), slow, {FRAMES: (12, 13)}) == (
        "the code at the top of common/frames.py takes longer, changed at line 12",
        FRAMES,
        12,
    )
    assert blamed(before(HELPER_ALONE), slow) == ("the code at the top of common/frames.py takes longer", FRAMES, 1)


def test_what_seems_to_be_behind_an_undecided_change_is_named_too() -> None:
    slow = after(loads((1, -1, 300_000, 300_000, -1, 7)), samples=samples(*times(400)[:4]))
    base = file("a.py", *times(100)[:4], trace=trace(100, NO_LOADS, ()))
    (told,) = judged([base], [slow], policy(**{"new-package": Level.OFF})).files
    assert told.outcome is Outcome.CANNOT_TELL
    assert told.reason.endswith("too wide to tell; line 7 now imports `pandas`")
    assert (told.findings[0].file, told.findings[0].line) == ("a.py", 7)


def test_a_slower_statement_is_named() -> None:
    old, slow = statement(8, 10_000, text="build()"), statement(9, 310_000, text="build()")
    one, other = before(statements=[old]), after(statements=[slow])
    text, place, line = blamed(one, other)
    assert text == "line 9 takes longer (`build()`)"
    assert (place, line) == ("a.py", 9)


def test_a_new_statement_is_named() -> None:
    text, place, line = blamed(before(), after(statements=[statement(9, 310_000, text="build(  1,\n 2)")]))
    assert text == "line 9 is new (`build( 1, 2)`)"
    assert (place, line) == ("a.py", 9)


def test_a_changed_helper_is_behind_a_statement_that_did_not_change() -> None:
    old, slow = statement(9, 10_000, text="build()"), statement(9, 310_000, text="build()")
    one, other = before(HELPER_ALONE, statements=[old]), after(HELPER_ALONE, statements=[slow])
    assert blamed(one, other, {FRAMES: (20,)}) == (
        "`build()` at line 9 takes longer, and common/frames.py:20 changed",
        FRAMES,
        20,
    )
    assert blamed(one, other, {FRAMES: (20,), "a.py": (9,)})[1:] == ("a.py", 9)
    assert blamed(one, other, {"common/other.py": (20,)})[1:] == ("a.py", 0)


def test_more_tasks_are_named() -> None:
    much = samples(*times(400), load=0.1, serialise=0.6)
    text, place, line = blamed(before(), after(samples=much, task_count=202, dag_ids=("d", "e")), {"a.py": (6, 7)})
    assert (text, place, line) == ("it makes 1 DAG and 200 tasks more (line 6)", "a.py", 6)
    building = [statement(5, 9_000, building_us=8_000), statement(6, 100)]
    assert blamed(before(), after(samples=much, task_count=202, statements=building))[0] == (
        "it makes 200 tasks more (line 5)"
    )
    assert blamed(before(), after(samples=much, task_count=202))[0] == "it makes 200 tasks more"


def test_more_tasks_are_named_where_they_are_made() -> None:
    """Not at the first changed line: the changed line of the loop, or of what it names."""
    much = samples(*times(400), load=0.1, serialise=0.6)
    rows = [
        statement(3, 10, text="COUNT = 400"),
        statement(8, 9_000, text="for i in range(COUNT):", kind="for", end_line=9),
        statement(9, 99_000, parent=1, text="make(i)", building_us=98_000),
    ]
    head = after(samples=much, task_count=202, statements=rows)
    assert blamed(before(), head, {"a.py": (1, 8)})[0] == "it makes 200 tasks more (line 8)"
    assert blamed(before(), head, {"a.py": (2, 3)})[0] == "it makes 200 tasks more (line 3)"


def test_more_tasks_of_a_changed_helpers_number_are_named_there() -> None:
    much = samples(*times(400), load=0.1, serialise=0.6)
    building = [statement(5, 9_000, building_us=8_000)]
    head = after(HELPER_ALONE, samples=much, task_count=202, statements=building)
    base = before(HELPER_ALONE, statements=building)
    text = "it makes 200 tasks more (line 5), and common/frames.py:2 changed"
    assert blamed(base, head, {FRAMES: (2, 9)}) == (text, FRAMES, 2)
    assert blamed(base, head, {FRAMES: (2,), "a.py": (6,)}) == ("it makes 200 tasks more (line 6)", "a.py", 6)


@pytest.mark.parametrize(
    ("kind", "what", "text"),
    [
        ("sleep", "0.3 s", "common/frames.py:20 now sleeps (300 ms)"),
        ("http", "example.org", "common/frames.py:20 now asks example.org (300 ms)"),
        ("file-read", "big.csv", "common/frames.py:20 now reads big.csv (300 ms)"),
    ],
)
def test_an_effect_tells_the_line_better(kind: str, what: str, text: str) -> None:
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    head = after(slow, effects=(effect(kind, what, line=20, wall_us=300_000),))
    (told,) = judged(
        [before(HELPER_ALONE)], [head], policy(**{"new-network": Level.OFF}), changed_lines={FRAMES: (2,)}
    ).files
    assert told.reason.partition(", because ")[2] == f"{text}, and common/frames.py:2 changed"
    assert (told.findings[0].file, told.findings[0].line) == (FRAMES, 2)


def test_an_effect_that_was_there_before_or_is_short_is_not_named() -> None:
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    for old_us, new_us in ((300_000, 310_000), (0, 50_000)):
        base = before(HELPER_ALONE, effects=(effect("sleep", line=20, wall_us=old_us),))
        assert blamed(base, after(slow, effects=(effect("sleep", line=20, wall_us=new_us),)))[1:] == (FRAMES, 1)


@pytest.mark.parametrize(
    ("kind", "what", "now", "past"),
    [
        ("sleep", "time.sleep", "sleeps 250 ms longer (350 ms)", "slept 250 ms longer (350 ms)"),
        ("process", "git", "takes 250 ms longer to run git (350 ms)", "took 250 ms longer to run git (350 ms)"),
        (
            "file-read",
            "x.csv",
            "takes 250 ms longer to read x.csv (350 ms)",
            "took 250 ms longer to read x.csv (350 ms)",
        ),
    ],
)
def test_an_effect_that_takes_longer_is_not_called_new(kind: str, what: str, now: str, past: str) -> None:
    """Another line does the same on both sides, for as long as before."""
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    same = effect(kind, what, line=9, wall_us=40_000)
    base = before(HELPER_ALONE, effects=(effect(kind, what, line=19, wall_us=100_000), same))
    head = after(slow, effects=(same, effect(kind, what, line=20, wall_us=350_000)))
    off = policy(**{"new-process": Level.OFF})
    assert judged([base], [head], off).files[0].reason.endswith(f", because common/frames.py:20 {now}")
    assert judged([head], [base], off).files[0].reason.endswith(f"; before, common/frames.py:20 {past}")


def test_an_effect_at_a_new_line_is_new_although_another_line_does_the_same() -> None:
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    same = effect("sleep", "time.sleep", line=9, wall_us=100_000)
    base = before(HELPER_ALONE, effects=(same,))
    head = after(slow, effects=(same, effect("sleep", "time.sleep", line=20, wall_us=300_000)))
    assert blamed(base, head) == ("common/frames.py:20 now sleeps (300 ms)", FRAMES, 20)


def test_what_explains_little_of_the_change_is_not_named() -> None:
    (told,) = judged([before()], [after(loads((4, -1, 20_000, 20_000, -1, 7)))]).files
    assert told.reason == "a.py +300 ms (+299 %); no single line stands out"
    assert (told.findings[0].file, told.findings[0].line) == ("a.py", 0)


def test_an_improvement_tells_what_the_old_version_did() -> None:
    loaded = loads((1, -1, 300_000, 300_000, -1, 7))
    (told,) = judged([after(loaded)], [before()]).files
    assert told.outcome is Outcome.IMPROVEMENT
    assert told.reason == "a.py −300 ms (−75 %); before, line 7 imported `pandas`"
    assert told.findings == ()


@pytest.mark.parametrize(
    ("slow", "fast", "past"),
    [
        (after(statements=[statement(8, 310_000, text="KEY = digest(9)")]), before(), "line 8 was `KEY = digest(9)`"),
        (
            after(statements=[statement(8, 310_000, text="digest()")]),
            before(statements=[statement(8, 10_000, text="digest()")]),
            "line 8 took longer (`digest()`)",
        ),
        (
            after(samples=samples(*times(400), load=0.1, serialise=0.6), task_count=382),
            before(),
            "it made 380 tasks more",
        ),
        (
            after(loads((0, -1, 300_000, 300_000, -1, 4))),
            before(HELPER_ALONE),
            "the code at the top of common/frames.py took longer",
        ),
        (
            after(loads((0, -1, 300_000, 300_000, -1, 4))),
            before(),
            "line 4 imported `common.frames`, whose own code took that time",
        ),
        (
            after(CALLED, statements=[statement(7, 300_000, text="build()")]),
            before(HELPER_ALONE, statements=[statement(7, 1, text="build(1)")]),
            "line 7 called into `common.frames`, which loaded pandas",
        ),
    ],
)
def test_what_the_old_version_did_is_told_in_the_past(slow: FileResult, fast: FileResult, past: str) -> None:
    (told,) = judged([slow], [fast]).files
    assert told.reason == f"a.py −300 ms (−75 %); before, {past}"


# Causes, where several compete.


def test_what_takes_much_more_than_the_change_was_there_before_in_another_form() -> None:
    """Line 3 was renamed, line 4 is new."""
    old, new = (statement(3, 600_000, text=f"{name} = burn()") for name in ("x", "xx"))
    base = file("a.py", *times(700), trace=trace(700, NO_LOADS, (old,)))
    head = file("a.py", *times(1000), trace=trace(1000, NO_LOADS, (new, statement(4, 280_000, text="more()"))))
    assert blamed(base, head) == ("line 4 is new (`more()`)", "a.py", 4)


def test_a_sleep_that_moved_is_no_cause_and_a_second_one_is() -> None:
    """It stood in the DAG file, and both stand in a function that line 5 calls now."""
    here = effect("sleep", line=5, wall_us=300_000, file="/dags/a.py")
    base = before(statements=[statement(5, 300_000, text="sleep(0.3)")], effects=(here,))
    moved, more = (effect("sleep", line=line, wall_us=300_000) for line in (4, 9))
    head = after(statements=[statement(5, 600_000, text="w()"), statement(6, 3_000, text="y()")], effects=(moved, more))
    assert blamed(base, head) == ("common/frames.py:9 now sleeps (300 ms)", FRAMES, 9)


def test_an_effect_beside_a_larger_cause_is_not_named() -> None:
    loaded = loads((1, -1, 250_000, 250_000, -1, 7))
    slept = effect("sleep", line=9, wall_us=140_000)
    assert blamed(before(), after(loaded, effects=(slept,)))[0] == "line 7 now imports `pandas`"


def test_two_causes_that_share_a_change_are_both_named() -> None:
    """A sleep is no reason to keep quiet about a larger import, nor the other way round."""
    loaded = loads((1, -1, 170_000, 170_000, -1, 7))
    slept = effect("sleep", line=9, wall_us=130_000, file="/dags/a.py")
    head = after(loaded, statements=[statement(7, 170_000), statement(9, 130_000, text="sleep(1)")], effects=(slept,))
    text = "line 7 now imports `pandas`, and line 9 now sleeps (130 ms)"
    assert blamed(before(), head) == (text, "a.py", 7)


def test_code_at_the_top_of_a_helper_is_named_where_it_works() -> None:
    base, head = (
        file("a.py", *times(ms), trace=trace(ms, loads((0, -1, us, us, -1, 4)), ()))
        for ms, us in ((100, 1_000), (400, 301_000))
    )
    (told,) = judged([base], [head], changed_lines={FRAMES: (5, 16)}, working_lines={FRAMES: (16,)}).files
    assert told.reason.endswith("because the code at the top of common/frames.py takes longer, changed at line 16")


def test_of_several_changed_helpers_the_one_that_is_named_is_told() -> None:
    rows = loads((0, -1, 1_000, 1_000, -1, 4), (1, -1, 1_000, 1_000, -1, 5))
    helpers = (*MODULES[:1], Module(name="other", file="/dags/other.py"), *MODULES[2:])
    lines = {FRAMES: (2,), "other.py": (7,)}

    def told(text: str) -> tuple[str, str, int]:
        slow = after(rows, statements=[statement(8, 300_000, text=text)])
        base = run(before(rows, statements=[statement(8, 1, text=text)]), modules=helpers)
        cause = reasons.cause(
            Parsed(base.files[0], base), Parsed(slow, run(slow, modules=helpers)), 300, Changed(lines)
        )
        assert cause is not None
        return cause.text, cause.place.file, cause.place.line

    assert told("x = other.f()") == ("`x = other.f()` at line 8 takes longer, and other.py:7 changed", "other.py", 7)
    assert told("x = f()")[1:] == ("a.py", 0)
    assert told("x = f()")[0].endswith(", and common/frames.py:2 and other.py:7 changed")


def test_a_program_with_other_arguments_is_no_new_program() -> None:
    """A process number or a file of a temporary folder stands in many command lines."""
    old, new = effect("process", "git log 17"), effect("process", "git log 18")
    same = before(effects=(old,)), file("a.py", *times(100), trace=trace(100, NO_LOADS), effects=(new,))
    assert judged([same[0]], [same[1]]).files[0].findings == ()
    more = msgspec.structs.replace(same[1], effects=(new, effect("process", "git status")))
    assert len(judged([same[0]], [more]).files[0].findings) == 1


# The comparison with a stored Run.


def timed(*files: FileResult, reference_ms: float | None = 100, version: int = 1, **changes: Any) -> Run:
    reference = None
    if reference_ms is not None:
        reference = Reference(version=version, samples=samples(*(reference_ms * (1 + 0.001 * n) for n in range(-4, 5))))
    return run(*files, reference=reference, **changes)


def by_baseline(old: FileResult, new: FileResult, factor: float = 1.0, **demand: Any) -> FileVerdict:
    verdict = decide_by_baseline(
        timed(old), timed(new, reference_ms=100 * factor), "base.json", Demand(today=TODAY, **demand)
    )
    return verdict.files[0]


def sampled(wall: float, cpu: float, queued: float = 0.0, number: int = 5) -> FileResult:
    values = samples(*times(wall, number))
    columns = {"cpu_ms": times(cpu, number), "queued_ms": (queued,) * number}
    return file("a.py", samples=msgspec.structs.replace(values, **columns))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"environment": builders.environment(python_version="3.11.9")}, "with Python 3.12 and this run with 3.11"),
        (
            {"environment": builders.environment(airflow_version="2.11.2")},
            "with Airflow 3.3.2 and this run with 2.11.2",
        ),
        (
            {"settings": {"temperature": "cold", "isolation": "fork"}},
            "with temperature processor and this run with cold",
        ),
        (
            {"settings": {"temperature": "processor", "isolation": "spawn"}},
            "with isolation fork and this run with spawn",
        ),
        ({"reference_ms": None}, "The reference parse failed here"),
        ({"version": 2}, "another version of the reference parse"),
        ({"reference_ms": 410}, "takes 4.1 times as long here"),
        ({"reference_ms": 20}, "takes 0.2 times as long here"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        decide_by_baseline(timed(file("a.py", 9)), timed(file("a.py", 9), **changes), "b", Demand(today=TODAY))


def test_a_baseline_without_a_reference_is_refused() -> None:
    with pytest.raises(UsageError, match=r"holds no reference parse.*scan --save-baseline"):
        decide_by_baseline(run(file("a.py", 9)), timed(file("a.py", 9)), "b", Demand(today=TODAY))


def test_a_baseline_of_other_files_is_refused() -> None:
    with pytest.raises(UsageError, match="have no file in common"):
        decide_by_baseline(timed(file("a.py", 9)), timed(file("b.py", 9)), "b", Demand(today=TODAY))


def test_another_patch_of_python_can_be_compared() -> None:
    other = timed(file("a.py", *times(100)), environment=builders.environment(python_version="3.12.9"))
    verdict = decide_by_baseline(timed(file("a.py", *times(100))), other, "base.json", Demand(today=TODAY), "9.9")
    assert verdict.decision is Decision.PASSED
    assert (verdict.base, verdict.head, verdict.dagprof_version) == ("base.json (2026-01-01)", "this run", "9.9")


def test_a_file_that_takes_more_of_everything_became_slower() -> None:
    told = by_baseline(sampled(100, 90), sampled(400, 390))
    assert told.outcome is Outcome.REGRESSION
    assert [each.rule for each in told.findings] == [Rule.SLOWER]
    assert by_baseline(sampled(400, 390), sampled(100, 90)).outcome is Outcome.IMPROVEMENT


def test_a_slower_machine_is_no_regression_and_a_faster_one_hides_none() -> None:
    assert by_baseline(sampled(100, 90), sampled(300, 270), factor=3).outcome is Outcome.UNCHANGED
    assert by_baseline(sampled(400, 390), sampled(400, 390), factor=0.5).outcome is Outcome.REGRESSION
    timing = by_baseline(sampled(100, 90), sampled(300, 270), factor=3).timing
    assert timing is not None
    assert timing.base_ms == pytest.approx(300, rel=0.01)


def test_changes_that_another_day_could_make_do_not_count() -> None:
    assert by_baseline(sampled(100, 90), sampled(148, 138)).outcome is Outcome.UNCHANGED  # under 50 ms
    assert by_baseline(sampled(1000, 990), sampled(1240, 1230)).outcome is Outcome.UNCHANGED  # under 25 %
    assert by_baseline(sampled(1000, 990), sampled(1260, 1250)).outcome is Outcome.REGRESSION
    wide = Policy(relative="40%")
    assert by_baseline(sampled(1000, 990), sampled(1260, 1250), policy=wide).outcome is Outcome.UNCHANGED


def test_where_only_the_wall_time_grew_it_cannot_be_told() -> None:
    told = by_baseline(sampled(100, 95), sampled(160, 140))
    assert told.outcome is Outcome.CANNOT_TELL
    assert [each.rule for each in told.findings] == [Rule.UNSURE]
    assert by_baseline(sampled(100, 95), sampled(460, 140, queued=300)).outcome is Outcome.CANNOT_TELL


def test_a_file_that_waits_became_slower_without_any_more_cpu_time() -> None:
    assert by_baseline(sampled(100, 90), sampled(400, 90)).outcome is Outcome.REGRESSION


def test_a_file_that_waits_for_a_processor_did_not() -> None:
    assert by_baseline(sampled(100, 90), sampled(400, 90, queued=300)).outcome is Outcome.UNCHANGED


def test_more_cpu_time_beside_the_same_wall_time_is_unchanged() -> None:
    assert by_baseline(sampled(300, 90), sampled(300, 290)).outcome is Outcome.UNCHANGED


def test_a_file_that_lost_its_dags_fails_and_is_not_faster() -> None:
    told = judged([file("a.py", 400)], [file("a.py", 100, status=Status.NO_DAGS, dag_ids=())])
    assert told.decision is Decision.FAILED
    (found,) = [finding for finding in told.all_findings if finding.rule is Rule.IMPORT_ERROR]
    assert found.message == "a.py gave DAGs before and gives none now: it is imported without an error and makes no DAG"
    assert (told.files[0].outcome, told.files[0].timing) == (Outcome.CANNOT_TELL, None)
    helper = file("a.py", *times(100), status=Status.NO_DAGS, dag_ids=())
    assert judged([helper], [helper]).decision is Decision.PASSED


@pytest.mark.parametrize(
    ("reason", "fails", "sentence"),
    [
        (
            SkipReason.SAFE_MODE,
            True,
            "a.py is not parsed any more: its text lacks 'dag', and safe mode skips it",
        ),
        (SkipReason.IGNORED, False, "a.py is not parsed any more: a pattern in .airflowignore matches it"),
    ],
)
def test_a_file_that_airflow_passes_over_is_told_from_a_deleted_one(
    reason: SkipReason, fails: bool, sentence: str
) -> None:
    sides = compared([file("a.py", 400), file("b.py", 400)], [])
    head = msgspec.structs.replace(sides.head, skipped=(SkippedFile(path="a.py", reason=reason, detail="'dag'"),))
    told = decide(msgspec.structs.replace(sides, head=head), Demand(today=TODAY), "9.9")
    assert [each.reason for each in told.files] == [sentence, "b.py is not there any more"]
    assert told.decision is (Decision.FAILED if fails else Decision.PASSED)


def test_a_file_that_breaks_has_no_change_to_tell() -> None:
    told = judged([file("a.py", 400)], [file("a.py", 100, status=Status.IMPORT_ERROR)])
    assert [finding.rule for finding in told.all_findings] == [Rule.IMPORT_ERROR]  # and not unsure as well
    assert (told.files[0].outcome, told.files[0].timing) == (Outcome.CANNOT_TELL, None)


def test_a_file_that_breaks_takes_nothing_from_the_certainty_of_others() -> None:
    """Seven pairs are just enough for three slower files of eight, as they were asked about while they were measured."""
    same = [file(f"same{number}.py", *times(50, 4)) for number in range(5)]
    base, head = zip(*(slower(f"slow{number}.py", 7) for number in range(3)), strict=True)
    broken = file("broken.py", 60, 61, 62), file("broken.py", 7, 8, 9, status=Status.IMPORT_ERROR)
    told = judged([*base, *same, broken[0]], [*head, *same, broken[1]])
    assert [each.path for each in told.of(Outcome.REGRESSION)] == ["slow0.py", "slow1.py", "slow2.py"]


def test_a_file_that_can_only_be_faster_leaves_no_question_open() -> None:
    before = file("a.py", 300, 301, 340, 302, 330, 300, 301)
    after = file("a.py", 301, 270, 302, 303, 260, 301, 290)
    told = judged([before], [after])
    (only,) = told.files
    assert only.outcome is Outcome.CANNOT_TELL
    assert only.timing is not None
    assert only.timing.high_ms < 15
    assert "not slower, but too wide to tell whether it is faster" in only.reason
    assert (told.decision, only.may_be_slower, told.all_findings) == (Decision.PASSED, False, ())


def test_a_new_file_takes_what_it_does_not_wait() -> None:
    (told,) = judged([], [sampled(100, 90, queued=60)]).files
    assert told.reason == "a.py is new and takes 40 ms"
    assert told.parse_ms == pytest.approx(40, abs=1)


def test_too_few_parses_tell_nothing() -> None:
    assert by_baseline(sampled(100, 90, number=5), sampled(400, 390, number=1)).outcome is Outcome.CANNOT_TELL
    assert by_baseline(sampled(100, 90, number=1), sampled(100, 90, number=5)).outcome is Outcome.CANNOT_TELL
    assert by_baseline(file("a.py", 100, 110), file("a.py", 400, 400, 400)).outcome is Outcome.CANNOT_TELL


def test_two_parses_that_agree_are_enough() -> None:
    assert by_baseline(sampled(100, 90, number=2), sampled(400, 390, number=2)).outcome is Outcome.REGRESSION


def test_noise_above_the_change_tells_nothing() -> None:
    noisy = file("a.py", 200, 700, 300, 1200, 450)
    assert by_baseline(file("a.py", 100, 500, 200, 300, 900), noisy).outcome is Outcome.CANNOT_TELL


def test_what_seems_slower_is_named() -> None:
    old = timed(file("a.py", *times(100)), file("b.py", *times(100)))
    new = timed(file("a.py", *times(200)), file("b.py", *times(101)))
    assert suspects(old, new, Demand(today=TODAY)) == {"a.py"}


@pytest.mark.parametrize(
    ("reference_ms", "outcome"), [(100, Outcome.REGRESSION), (200, Outcome.UNCHANGED), (130, Outcome.REGRESSION)]
)
def test_what_seemed_slower_is_judged_by_its_second_parses(reference_ms: float, outcome: Outcome) -> None:
    """They were taken in turns with the reference: where that became slower too, it was the machine."""
    old = timed(file("a.py", *times(100)), file("b.py", *times(100)))
    new = timed(file("a.py", *times(190)), file("b.py", *times(100)))
    again = timed(file("a.py", 150, 199, 200, 201, 280), reference_ms=reference_ms)
    verdict = decide_by_baseline(old, new, "base.json", Demand(today=TODAY), again=again)
    assert [each.outcome for each in verdict.files] == [outcome, Outcome.UNCHANGED]
    timing = verdict.files[0].timing
    assert timing is not None
    assert list(timing.head_samples_ms) == [150, 199, 200, 201, 280]
    assert "now takes 1.00 times as long" in verdict.doubts[0]


def test_what_seemed_slower_and_gave_no_times_again_cannot_be_told() -> None:
    again = timed(file("a.py"))
    verdict = decide_by_baseline(
        timed(file("a.py", *times(100))), timed(file("a.py", *times(300))), "b", Demand(today=TODAY), again=again
    )
    assert verdict.files[0].outcome is Outcome.CANNOT_TELL


def test_files_of_one_side_only_are_new_or_gone() -> None:
    both = file("a.py", *times(100))
    verdict = decide_by_baseline(
        timed(both, file("b.py", 9)),
        timed(both, file("c.py", 9)),
        "base.json",
        Demand(today=TODAY),
    )
    assert [file.outcome for file in verdict.files] == [Outcome.UNCHANGED, Outcome.GONE, Outcome.NEW]
    (doubt,) = verdict.doubts
    assert "by the reference parse this machine now takes 1.00 times as long" in doubt


def test_airflow_and_the_standard_library_are_no_packages() -> None:
    """Providers are: their distributions are chosen."""
    modules = (
        Module(name="airflow.models", origin=Origin.DISTRIBUTION, distribution="apache-airflow"),
        Module(name="airflow.providers.http.hooks", origin=Origin.DISTRIBUTION, distribution="x-http"),
        Module(name="json", origin=Origin.STDLIB),
    )
    head = parsed(loads((0, -1, 1, 1, -1, 1), (1, -1, 1, 1, -1, 2), (2, -1, 1, 1, -1, 3)))
    assert list(Parsed(head, run(head, modules=modules)).packages) == ["airflow.providers.http"]


def test_a_changed_line_is_named_before_an_unchanged_one_that_takes_more() -> None:
    """One traced parse on a busy machine may have any statement take longer; the helper's code did not change either."""
    rows = [statement(3, 10, text="with DAG()"), statement(9, 10_000, text="make()")]
    slow = [statement(3, 150_000, text="with DAG()"), statement(9, 170_000, text="make()")]
    base = before(HELPER_ALONE, statements=rows)
    head = after(loads((0, -1, 120_000, 120_000, -1, 4)), statements=slow)
    assert blamed(base, head, {"a.py": (3,)}) == ("line 3 takes longer (`with DAG()`)", "a.py", 3)
    assert blamed(base, head, {"a.py": (2,)}) == ("line 9 takes longer (`make()`), and a.py:2 changed", "a.py", 2)
    assert blamed(base, head)[0] == ("line 9 takes longer (`make()`), and line 3 takes longer (`with DAG()`)")


def test_dags_that_take_longer_to_check_and_serialise_without_more_tasks() -> None:
    """A parameter with a schema, for example: the file itself loads as fast as before."""
    fast, slow = samples(*times(400), load=0.2, serialise=0.1), samples(*times(500), load=0.2, serialise=0.3)
    rows = [
        statement(3, 10, text="PARAMS = {}"),
        statement(5, 9_000, text="with DAG(params=PARAMS)", building_us=8_000),
    ]
    base = before(statements=rows)
    base = msgspec.structs.replace(base, samples=fast)
    text = "checking and serialising its DAGs takes 80 ms longer"
    for lines, line in (((5,), 5), ((3,), 3), ((1,), 0)):
        (told,) = judged([base], [after(samples=slow, statements=rows)], changed_lines={"a.py": lines}).files
        assert f", because {text}" in told.reason
        assert told.findings[0].line == line


def test_dags_that_come_and_go_are_unstable() -> None:
    """Whatever the DAGs' fields do, in the base and now."""
    going = [Instability(dag_id=name, field=EXISTENCE, first="there", second="missing") for name in ("x", "y")]
    sentence = "a.py gives the DAGs x, y in some parses only; Airflow removes and adds what comes and goes"
    both = parsed(instabilities=(UNSTABLE, *going))
    assert [each.message for each in found(parsed(instabilities=(UNSTABLE,)), both, Rule.UNSTABLE_DAG)] == [sentence]
    assert next(each.message for each in found(parsed(), both, Rule.UNSTABLE_DAG)) == sentence
    assert len(found(None, both, Rule.UNSTABLE_DAG)) == 2
    (other,) = found(parsed(instabilities=tuple(going)), both, Rule.UNSTABLE_DAG)
    assert other.message.startswith("the DAG d differs from parse to parse")
    assert found(both, both, Rule.UNSTABLE_DAG) == []

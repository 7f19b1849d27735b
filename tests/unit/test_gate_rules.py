"""What the gate's rules find in one traced parse beside another."""

from __future__ import annotations

import msgspec
import pytest

from dagprof.config.policy import FileLimits, Level, Policy, Rule, limits_for
from dagprof.gate import rules
from dagprof.gate.case import Case
from dagprof.gate.parsed import Parsed
from dagprof.model import Edge, FileResult, Module, Origin, Samples, Status
from unit.builders import MODULES, access, file, loads, run, samples
from unit.gating import (
    BROKEN,
    FRAMES,
    HELPER_ALONE,
    NO_LOADS,
    UNSTABLE,
    effect,
    found,
    parsed,
    times,
)


@pytest.mark.parametrize(
    ("rule", "head", "place", "sentence"),
    [
        (
            Rule.IMPORT_ERROR,
            parsed(status=Status.IMPORT_ERROR, failures=(BROKEN,)),
            (FRAMES, 5),
            "a.py no longer produces DAGs: KeyError: 'x'",
        ),
        (
            Rule.NEW_VARIABLE,
            parsed(accesses=(access("one", line=8),)),
            ("a.py", 8),
            "a.py reads the Variable 'one' in every parse. Read the Variable in a task or a template",
        ),
        (
            Rule.NEW_CONNECTION,
            parsed(accesses=(access("db", kind="connection", line=8),)),
            ("a.py", 8),
            "a.py reads the Connection 'db' in every parse. Read the Connection in a task or a template",
        ),
        (
            Rule.NEW_DATABASE,
            parsed(effects=(effect("database", "db:5432"), effect("metadata-database", "select"))),
            (FRAMES, 3),
            "a.py queries a database during parsing (db:5432, select). Query the database in a task",
        ),
        (
            Rule.NEW_NETWORK,
            parsed(
                effects=(
                    effect("dns", "host"),
                    effect("socket", "host:80"),
                    effect("http", "host/x"),
                )
            ),
            (FRAMES, 3),
            "a.py uses the network during parsing (host, host:80, host/x). Use the network in a task",
        ),
        (
            Rule.NEW_PROCESS,
            parsed(effects=(effect("process", "git", file=""),)),
            ("a.py", 3),
            "a.py starts a program during parsing (git). Start the program in a task",
        ),
        (
            Rule.UNSTABLE_DAG,
            parsed(instabilities=(UNSTABLE,)),
            ("a.py", 0),
            (
                "in the DAG d, the field tasks[0].doc differs between parses. First value: 1. Second value: 2. Airflow 3 stores each variant as a new DAG version"
            ),
        ),
        (
            Rule.TIMEOUT,
            parsed(wall_ms=(16_000, 15_100, 40_000)),
            ("a.py", 0),
            "a.py takes 15.1 s to parse, which is close to Airflow's import timeout of 30 s",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Rule) else "",
)
def test_a_rule_finds_what_is_new(
    rule: Rule, head: FileResult, place: tuple[str, int], sentence: str
) -> None:
    finding = found(parsed(), head, rule)
    assert [((each.file, each.line), each.message, each.level) for each in finding] == [
        (place, sentence, Level.ERROR)
    ]
    assert found(None, head, rule)
    assert found(parsed(), parsed(), rule) == []
    if rule is not Rule.TIMEOUT:
        assert found(head, head, rule) == []
    off = limits_for("a.py", Policy(rules={rule: Level.OFF}), ())
    assert found(parsed(), head, rule, off) == []


@pytest.mark.parametrize(
    "head",
    [
        parsed(instabilities=(UNSTABLE,)),
        parsed(accesses=(access("one", line=8),)),
        parsed(accesses=(access("db", kind="connection", line=8),)),
    ],
)
def test_what_a_base_that_broke_off_may_have_done_too_is_a_note(head: FileResult) -> None:
    base = Parsed(parsed(status=Status.NEEDS_ANSWER), run())
    case = Case(base, Parsed(head, run()), limits_for("a.py", Policy(), ()), 30_000)
    findings, notes = rules.judged(case)
    assert (findings, len(notes)) == ((), 1)


def test_a_new_package_is_told_with_the_way_to_it() -> None:
    (finding,) = found(parsed(HELPER_ALONE), parsed(), Rule.NEW_PACKAGE)
    assert (finding.file, finding.line, finding.level) == (FRAMES, 1, Level.WARNING)
    assert finding.message == "a.py now loads pandas, numpy (a.py:4 → common/frames.py:1)"
    assert found(parsed(), parsed(), Rule.NEW_PACKAGE) == []
    assert found(parsed(), parsed(HELPER_ALONE), Rule.NEW_PACKAGE) == []
    broken = parsed(HELPER_ALONE, status=Status.IMPORT_ERROR)
    assert (
        found(broken, parsed(), Rule.NEW_PACKAGE) == []
    )  # how much more it would have loaded is not known
    (new,) = found(None, parsed(), Rule.NEW_PACKAGE)
    assert (
        new.message == "a.py is new and loads pandas (a.py:4 → common/frames.py:1)"
    )  # numpy came with it


def test_of_a_lazy_module_the_import_that_asked_is_to_change() -> None:
    """Line 7 takes a name from the helper of line 4, whose ``__getattr__`` imports pandas at its
    line 9.
    """
    lazy = loads((0, -1, 1_000, 1_000, -1, 4), (1, -1, 300_000, 300_000, 0, 9))
    lazy = msgspec.structs.replace(lazy, caller_line=(4, 7))
    head = parsed(lazy)
    assert head.trace is not None
    edges = (Edge(line=4, target=0), Edge(line=7, target=0))
    head = msgspec.structs.replace(head, trace=msgspec.structs.replace(head.trace, edges=edges))
    (finding,) = found(parsed(HELPER_ALONE), head, Rule.NEW_PACKAGE)
    assert (finding.file, finding.line) == ("a.py", 7)
    assert finding.message == "a.py now loads pandas (a.py:7 → common/frames.py:9)"
    called = found(
        parsed(HELPER_ALONE), parsed(lazy), Rule.NEW_PACKAGE
    )  # line 7 is no import statement there
    assert [(each.file, each.line) for each in called] == [(FRAMES, 9)]


def test_a_forbidden_package_is_told_also_when_it_is_not_new() -> None:
    def forbid(*names: str) -> FileLimits:
        return limits_for("a.py", Policy(forbid=names), ())

    finding = found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, forbid("NumPy", "torch"))
    assert [each.message for each in finding] == [
        "a.py loads numpy, which is forbidden (a.py:4 → common/frames.py:1)"
    ]
    assert (
        found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, forbid("torch", "num", "common", "json"))
        == []
    )
    assert found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE) == []


def test_only_what_the_users_code_asks_for_needs_to_be_allowed() -> None:
    """numpy is loaded by pandas."""
    limits = limits_for("a.py", Policy(allow=("requests",)), ())
    finding = found(parsed(), parsed(), Rule.FORBIDDEN_PACKAGE, limits)
    assert [each.message.partition(" (")[0] for each in finding] == [
        "a.py imports pandas, which is not an allowed package"
    ]
    assert (finding[0].file, finding[0].line) == (FRAMES, 1)
    assert (
        found(
            parsed(),
            parsed(),
            Rule.FORBIDDEN_PACKAGE,
            limits_for("a.py", Policy(allow=("pandas",)), ()),
        )
        == []
    )


def test_what_airflow_has_loaded_already_can_be_forbidden_where_it_is_imported() -> None:
    """Nothing loads it; line 2 of the file and line 9 of numpy ask for it."""
    there = Module(
        name="yaml", file="/site/yaml.py", origin=Origin.DISTRIBUTION, distribution="PyYAML"
    )
    modules = (*MODULES, there)
    asks = parsed()
    assert asks.trace is not None
    edges = (Edge(line=2, target=5), Edge(line=9, target=5, importer=3))
    asks = msgspec.structs.replace(asks, trace=msgspec.structs.replace(asks.trace, edges=edges))
    for policy, word in (
        (Policy(forbid=("pyyaml",)), "forbidden"),
        (Policy(allow=("pandas",)), "not an allowed package"),
    ):
        case = Case(
            None, Parsed(asks, run(asks, modules=modules)), limits_for("a.py", policy, ()), 30_000
        )
        (told,) = [each for each in rules.findings(case) if each.rule is Rule.FORBIDDEN_PACKAGE]
        assert told.message.startswith(f"a.py imports yaml, which is {word}")
        assert (told.file, told.line) == ("a.py", 2)


def test_many_new_modules_are_told() -> None:
    few = limits_for("a.py", Policy(new_modules=3), ())
    (finding,) = found(parsed(NO_LOADS), parsed(), Rule.NEW_MODULES, few)
    assert (finding.file, finding.line) == (
        FRAMES,
        1,
    )  # the first is line 4, by which only the helper itself is loaded
    assert (
        finding.message == "a.py now loads 5 modules, up from 0. The limit is 3 additional modules"
    )
    assert (
        found(
            parsed(HELPER_ALONE),
            parsed(),
            Rule.NEW_MODULES,
            limits_for("a.py", Policy(new_modules=4), ()),
        )
        == []
    )
    assert found(None, parsed(), Rule.NEW_MODULES, few) == []


def test_a_budget_is_held_against_the_fastest_parse_without_waiting_for_a_processor() -> None:
    limits = limits_for("a.py", Policy(budget="90ms"), ())
    (finding,) = found(None, parsed(), Rule.BUDGET, limits)
    assert (
        finding.message == "a.py takes at least 100 ms to parse, which exceeds the budget of 90ms"
    )
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
    assert finding.message == "a.py is new and produces no DAGs: it took too long"


def test_one_thing_at_two_lines_is_told_once_for_each_line() -> None:
    head = parsed(effects=(effect("http", "x", 1), effect("http", "x", 2), effect("http", "x", 2)))
    assert [
        (each.line, each.message.count("(x)")) for each in found(parsed(), head, Rule.NEW_NETWORK)
    ] == [
        (1, 1),
        (2, 1),
    ]


def test_a_file_without_a_trace_is_no_problem() -> None:
    bare = file("a.py", *times(100))
    assert [
        rules.findings(Case(None, Parsed(bare, run(bare)), limits_for("a.py", Policy(), ()), 0))
    ] == [()]


def test_airflow_and_the_standard_library_are_no_packages() -> None:
    """Providers are: their distributions are chosen."""
    modules = (
        Module(name="airflow.models", origin=Origin.DISTRIBUTION, distribution="apache-airflow"),
        Module(
            name="airflow.providers.http.hooks", origin=Origin.DISTRIBUTION, distribution="x-http"
        ),
        Module(name="json", origin=Origin.STDLIB),
    )
    head = parsed(loads((0, -1, 1, 1, -1, 1), (1, -1, 1, 1, -1, 2), (2, -1, 1, 1, -1, 3)))
    assert list(Parsed(head, run(head, modules=modules)).packages) == ["airflow.providers.http"]

"""The rules of ``dagprof check`` that read a Run."""

from __future__ import annotations

import msgspec
import pytest

from dagprof.model import (
    Condition,
    DagSchedule,
    Effect,
    FileResult,
    Instability,
    LookupPrices,
    Plugin,
    Price,
    PriceSource,
    ScheduleKind,
    SecretField,
    Status,
)
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.practices.subject import Subject
from unit.builders import access, environment, run, samples


def of(code: str, *files: FileResult, source: str = "", **changes: object) -> list[Finding]:
    """The findings of one rule in a Run with these files, all with the same source."""
    subject = Subject(run(*files, **changes), {file.path: source for file in files})
    return list(RULES[code].find(subject))


def file(**changes: object) -> FileResult:
    plain = FileResult(
        path="a.py", status=Status.OK, dag_ids=("a",), task_count=3, samples=samples(100.0, 101.0)
    )
    changed: FileResult = msgspec.structs.replace(plain, **changes)
    return changed


def schedule(**changes: object) -> DagSchedule:
    plain = DagSchedule(
        dag_id="a",
        kind=ScheduleKind.TIME,
        task_id="t",
        tasks=3,
        catchup=True,
        max_active_runs=16,
        runs=7,
        days=7.0,
        start_date="2024-01-01T00:00:00+00:00",
        backlog=400,
    )
    changed: DagSchedule = msgspec.structs.replace(plain, **changes)
    return changed


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("http", "DP105"),
        ("dns", "DP105"),
        ("database", "DP106"),
        ("metadata-database", "DP106"),
        ("process", "DP107"),
        ("sleep", "DP108"),
    ],
)
def test_an_effect_at_a_line_of_the_user_breaks_one_rule(kind: str, code: str) -> None:
    effect = Effect(kind=kind, what="db:5432", file="/dags/a.py", line=4, wall_us=20_000)
    broken = [rule for rule in RULES if of(rule, file(effects=(effect,)))]
    assert broken == [code]
    (finding,) = of(code, file(effects=(effect,)))
    assert (finding.path, finding.line) == ("a.py", 4)
    assert "20 ms" in finding.message
    without_line = msgspec.structs.replace(effect, line=0)
    assert of(code, file(effects=(without_line,))) == []


def test_an_effect_of_an_import_gets_the_advice_to_move_the_import() -> None:
    effect = Effect(kind="process", what="ldconfig", file="/dags/a.py", line=1, wall_us=9_000)
    (finding,) = of("DP107", file(effects=(effect,)), source="import library\n")
    assert finding.advice.startswith("Import the library in the task")
    (finding,) = of("DP107", file(effects=(effect,)), source="run('ldconfig')\n")
    assert finding.advice == RULES["DP107"].advice


def test_a_lookup_costs_what_its_price_says() -> None:
    prices = LookupPrices(
        source=PriceSource.GIVEN,
        variable=Price(first_ms=20.0, next_ms=20.0),
        connection=Price(first_ms=20.0, next_ms=20.0),
    )
    looking = file(accesses=(access("bucket"),))
    (finding,) = of("DP104", looking, lookup_prices=prices)
    assert "the Variable bucket" in finding.message
    assert "20 ms in each parse loop" in finding.cost
    assert of("DP104", file(accesses=(access("x", answered_by="environment"),))) == []


def test_many_files_read_at_one_line_are_a_scan() -> None:
    rows = tuple(
        Effect(kind="file-read", what=f"/x/{n}.yaml", file="/dags/a.py", line=7, size_bytes=100)
        for n in range(60)
    )
    (finding,) = of("DP109", file(effects=rows))
    assert "60 files" in finding.message
    assert of("DP109", file(effects=rows[:20])) == []


def test_a_parse_near_the_time_out_is_an_error() -> None:
    assert of("DP110", file(samples=samples(20_000.0, 20_000.0)))
    assert of("DP110", file(status=Status.TIMED_OUT))
    assert of("DP110", file(samples=samples(5_000.0, 5_000.0))) == []


def test_a_plugin_that_takes_long_is_a_hint() -> None:
    slow = Plugin(name="reports", wall_ms=900.0, rss_kib=80_000, modules=600)
    (finding,) = of("DP111", file(), plugins=(slow, Plugin(name="quick", wall_ms=3.0)))
    assert "reports" in finding.message


def test_a_deprecated_import_is_found_by_the_warning_at_its_line() -> None:
    warning = (
        "/dags/a.py:1: DeprecatedImportWarning: The `airflow.operators.bash.BashOperator` attribute"
        " is deprecated. Please use `'airflow.providers.standard.operators.bash.BashOperator'`."
    )
    source = "from airflow.operators.bash import BashOperator\nrun()\n"
    (finding,) = of("DP112", file(warnings=(warning,)), source=source)
    assert (finding.path, finding.line) == ("a.py", 1)
    attribute = warning.replace("a.py:1", "a.py:2")
    assert of("DP112", file(warnings=(attribute,)), source=source)
    elsewhere = attribute.replace("DeprecatedImportWarning", "DeprecationWarning")
    assert of("DP112", file(warnings=(elsewhere,)), source=source) == []


@pytest.mark.parametrize(
    ("instability", "code"),
    [
        (Instability(dag_id="a", field="t.env", first="1", second="2"), "DP301"),
        (
            Instability(dag_id="a", field="the DAG itself", first="there", second="missing"),
            "DP302",
        ),
        (
            Instability(dag_id="a", field="params", first="1", second="2", condition=Condition.DAY),
            "DP303",
        ),
        (Instability(dag_id="a", field="tags", first="1", second="2", by_seed=True), "DP303"),
    ],
)
def test_an_instability_breaks_the_rule_of_its_condition(
    instability: Instability, code: str
) -> None:
    broken = [rule for rule in RULES if of(rule, file(instabilities=(instability,)))]
    assert broken == [code]


def test_catchup_names_the_number_of_runs() -> None:
    dag = schedule()
    source = 'with DAG("a", catchup=True): pass'
    (finding,) = of("DP401", file(schedules=(dag,)), source=source)
    assert "would create 400 runs today, from 2024-01-01 on" in finding.message
    assert finding.line == 1
    (finding,) = of("DP401", file(schedules=(schedule(has_more_backlog=True),)))
    assert "more than 400 runs" in finding.message
    assert "default of Airflow" in finding.advice
    assert of("DP401", file(schedules=(schedule(backlog=0, has_more_backlog=True),)))
    assert of("DP401", file(schedules=(schedule(catchup=False, backlog=None),))) == []
    assert of("DP401", file(schedules=(schedule(backlog=0),))) == []


def test_a_backfill_without_bound_is_one_with_many_runs_at_once() -> None:
    (finding,) = of("DP403", file(schedules=(schedule(),)))
    assert "1,200 tasks" in finding.cost
    assert of("DP403", file(schedules=(schedule(max_active_runs=2),))) == []
    assert of("DP403", file(schedules=(schedule(backlog=20),))) == []


def test_a_secret_in_a_serialised_dag_is_named_by_its_field() -> None:
    secret = SecretField(dag_id="a", field="load.env.TOKEN")
    source = 'with DAG("a"):\n    BashOperator(env={"TOKEN": token()})\n'
    (finding,) = of("DP703", file(secret_fields=(secret,)), source=source)
    assert "load.env.TOKEN" in finding.message
    assert finding.line == 2


def test_memory_and_containers_are_hints_of_the_executor() -> None:
    large = msgspec.structs.replace(samples(2_000.0, 2_000.0), rss_growth_kib=(400_000, 400_000))
    assert of("DP901", file(samples=large))
    assert of("DP901", file()) == []
    there = environment(airflow_config={"executor": "KubernetesExecutor"})
    assert of("DP902", file(samples=large), environment=there)
    assert of("DP902", file(samples=large)) == []
    busy = schedule(tasks=100, runs=2016)
    assert of("DP903", file(schedules=(busy,)), environment=there)
    assert of("DP903", file(schedules=(busy,))) == []


def test_many_tasks_in_one_dag_are_a_hint() -> None:
    assert of("DP203", file(task_count=900))
    assert of("DP203", file(task_count=900, dag_ids=("a", "b", "c"))) == []

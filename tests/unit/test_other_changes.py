"""Look-ups, preloading and loops: changes that are not in the plan."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dagprof.analyse.fleet import Fleet
from dagprof.analyse.others import others
from dagprof.analyse.others.lookups import file_cost_ms, lookups, loops_per_day
from dagprof.analyse.others.loops import loops
from dagprof.analyse.others.preloading import preload
from dagprof.errors import UsageError
from dagprof.model import (
    FileResult,
    Loads,
    LookupOutcome,
    LookupPrices,
    LookupTrial,
    Module,
    Origin,
    PreloadedFile,
    PreloadedPackage,
    Preloading,
    Price,
    PriceSource,
)
from dagprof.quantities import parse_latency, parse_price
from dagprof.report import libraries, preloading
from dagprof.report import others as texts

from .builders import access, file, run, statement, trace

PRICES = LookupPrices(
    source=PriceSource.MEASURED,
    variable=Price(first_ms=20.0, next_ms=10.0),
    connection=Price(first_ms=16.0, next_ms=8.0),
)
HEAVY = Module(
    name="heavy", file="/site/heavy.py", origin=Origin.DISTRIBUTION, distribution="heavy"
)


def test_only_the_first_lookup_of_a_parse_costs_more() -> None:
    assert PRICES.of({}) == 0.0
    assert PRICES.of({"variable": 1}) == 20.0
    assert PRICES.of({"variable": 3}) == 40.0
    assert PRICES.of({"variable": 1, "connection": 2}) == 10.0 + 10.0 + 16.0
    assert PRICES.of({"environment": 5}) == 0.0


def test_lookups_are_summed_by_line() -> None:
    x = access("x", file="/dags/common.py")
    y = access("y", file="/dags/common.py", line=4)
    z = access("z", file="/dags/common.py", answered_by="environment")
    one = file("a.py", 50.0, accesses=(msgspec.structs.replace(x, count=2), y))
    two = file("b.py", 50.0, accesses=(x, z))
    found = lookups(run(one, two, root="/dags", lookup_prices=PRICES))
    assert (found.lookups, found.files) == (4, 2)
    assert found.cost_ms == pytest.approx(40.0 + 20.0)
    first, second = found.lines
    assert (str(first.place), first.keys, first.lookups) == ("common.py:3", ("x",), 3)
    assert str(second.place) == "common.py:4"
    assert first.cost_ms + second.cost_ms == pytest.approx(found.cost_ms)
    assert file_cost_ms(one, None) == 0.0


def test_a_loop_takes_at_least_the_interval_of_airflow() -> None:
    config = {"min_file_process_interval": "60", "parsing_processes": "2"}
    found = run(file("a.py", 50.0))
    assert loops_per_day(found) == pytest.approx(2880)
    where = found.environment
    import msgspec

    slower = msgspec.structs.replace(
        found, environment=msgspec.structs.replace(where, airflow_config=config)
    )
    assert loops_per_day(slower) == pytest.approx(1440)


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        (None, "Use a Jinja template"),
        (LookupTrial(key="x", outcome=LookupOutcome.TASK), "No DAG contains the value"),
        (
            LookupTrial(key="x", outcome=LookupOutcome.TEMPLATE, fields=("t.sql",)),
            "Write {{ var.value.x }} in the templated field t.sql instead of the lookup.",
        ),
        (
            LookupTrial(key="x", outcome=LookupOutcome.NEEDED, reason="ValueError: no number"),
            "Parsing needs the value: ValueError: no number.",
        ),
    ],
)
def test_the_advice_follows_from_the_trial(trial: LookupTrial | None, says: str) -> None:
    trials = () if trial is None else (trial,)
    found = run(
        file("a.py", 50.0, accesses=(access("x"),), lookup_trials=trials),
        root="/dags",
        lookup_prices=PRICES,
    )
    (row,) = texts.rows(found, others(found, None))
    assert says in row.what
    assert row.ms == 20.0
    assert (
        texts.about_lookups(found)
        == "1 file looks up Variables or Connections. Each parse loop makes 1 lookup, which is"
        " about 2,880 lookups per day. Each parse loop spends 50 ms on parsing and 20 ms on"
        " lookups. A lookup takes 10 ms for a Variable, and the first lookup in each parse takes"
        " 20 ms. dagprof measured these times with Airflow's own SQLite database."
    )


def heavy(path: str, **changes: Any) -> FileResult:
    """Line 1 imports heavy: 80 of 100 ms."""
    loaded = Loads(
        module=(0,),
        parent=(-1,),
        self_us=(80_000,),
        cumulative_us=(80_000,),
        importer=(-1,),
        line=(1,),
        caller_line=(1,),
        imports=(0,),
    )
    pass_ = trace(
        wall_ms=100.0,
        loaded=loaded,
        gc_ms=0.0,
        statements=(statement(1, 80_000), *changes.pop("more", ())),
    )
    return file(path, 100.0, trace=pass_, **changes)


def test_preloading_is_measured_in_some_files_and_estimated_in_others() -> None:
    found = run(
        heavy("a.py"),
        heavy("b.py"),
        modules=(HEAVY,),
        import_sets=((),),
        preloading=Preloading(
            packages=(
                PreloadedPackage(name="heavy", modules=("heavy",), wall_ms=80.0, rss_kib=2048),
                PreloadedPackage(name="worse", modules=("worse",), threads=2, sockets=1),
            ),
            loaded=("heavy",),
            rss_kib=2048,
            files=(
                PreloadedFile(path="a.py", saving_ms=(70.0, 72.0, 74.0), memory_kib=(1024, 2048)),
            ),
        ),
    )
    result = preload(found, Fleet(found).plan())
    assert result is not None
    assert (result.files, result.measured, result.modules) == (2, 1, ("heavy",))
    assert result.saving_ms == pytest.approx(72.0 + 80.0, rel=0.15)
    assert result.after_plan_ms == pytest.approx(result.saving_ms)
    assert [package.name for package in result.unsafe] == ["worse"]
    assert preloading.unsafe(result.unsafe[0]) == (
        "Do not preload worse: the import of worse leaves behind 2 threads and 1 open socket, which"
        " the forked parsing processes cannot use."
    )
    (row,) = texts.rows(found, others(found, Fleet(found).plan()))
    assert (row.where, row.evidence, row.files) == (
        "airflow_local_settings.py",
        "partly proved",
        2,
    )
    assert "import heavy" in row.lines


def test_a_run_without_an_experiment_has_no_preloading() -> None:
    found = run(heavy("a.py"), modules=(HEAVY,), import_sets=((),))
    assert preload(found, Fleet(found).plan()) is None


def test_a_loop_that_builds_dags_is_worth_a_guard() -> None:
    loop = (
        statement(3, 400_000, kind="for"),
        statement(4, 400_000, parent=1, count=20, building_us=100_000),
    )
    many = heavy("a.py", more=loop, dag_ids=tuple(f"d{n}" for n in range(20)), task_count=100)
    found = run(many, modules=(HEAVY,), import_sets=((),), root="/nowhere")
    (cost,) = loops(found)
    assert (str(cost.place), cost.dags, cost.tasks) == ("a.py:3", 20, 100)
    assert cost.task_start_ms == pytest.approx(cost.wall_ms * 0.95)
    assert cost.airflow_ms == pytest.approx(cost.wall_ms / 4)
    (row,) = texts.rows(found, others(found, None))
    assert (row.when, row.ms) == ("each task start", 0.0)
    assert "skip the other DAGs with `get_parsing_context`" in row.what


@pytest.mark.parametrize("dags", [(), ("one",), ("one", "two")])
def test_few_dags_are_not_worth_a_guard(dags: tuple[str, ...]) -> None:
    loop = (statement(3, 400_000, kind="for"), statement(4, 400_000, parent=1, building_us=9))
    found = run(heavy("a.py", more=loop, dag_ids=dags), modules=(HEAVY,), import_sets=((),))
    assert loops(found) == []


@pytest.mark.parametrize(
    ("called", "executors", "says"),
    [
        ("sentry_sdk.init", (), "sentry_sdk.init loads 7 modules. Pass"),
        (
            "init_sentry",
            ("sentry_sdk.integrations.openai", "sentry_sdk.integrations.celery.utils"),
            "sentry_sdk.init loads 7 modules for 2 integrations whose packages are installed.",
        ),
        ("storage.Client", (), "Create the client in the task"),
        ("make", ("google.auth.transport",), "Each new Google Cloud client looks for credentials"),
        ("boto3.client", (), "the hook of the Amazon provider"),
        ("pd.read_csv", (), "Every parse reads the whole table"),
        ("DbtDag", (), "LoadMode.DBT_MANIFEST"),
        ("sqlalchemy.create_engine", (), "the driver of the database"),
    ],
)
def test_known_libraries_get_advice_in_their_own_terms(
    called: str, executors: tuple[str, ...], says: str
) -> None:
    assert says in libraries.advice(called, executors, 7)


@pytest.mark.parametrize("called", ["init", "client", "myboto3.client", "read_csv_file", ""])
def test_other_calls_get_none(called: str) -> None:
    assert libraries.advice(called, ("sentry", "googleauth"), 7) == ""


def test_every_library_names_its_source() -> None:
    for library in libraries.LIBRARIES:
        assert library.source.startswith("https://")
        assert library.calls


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("20ms", ("", 20.0)),
        ("vault=1.5s", ("vault", 1500.0)),
        (" variable = 5ms", ("variable", 5.0)),
    ],
)
def test_latencies(text: str, means: tuple[str, float]) -> None:
    assert parse_latency(text) == means


@pytest.mark.parametrize("text", ["", "20", "=20ms", "vault=", "vault=-1ms", "vault=20 minutes"])
def test_other_latencies_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_latency(text)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("0.05", (0.05, "")),
        ("0.05 USD", (0.05, "USD")),
        ("3€", (3.0, "€")),
        (" 12 kr ", (12.0, "kr")),
    ],
)
def test_prices(text: str, means: tuple[float, str]) -> None:
    assert parse_price(text) == means


@pytest.mark.parametrize(
    "text",
    [
        "",
        "USD",
        "-1 USD",
        "0,05 USD",
        "1e9",
        "2 <b>",
        "99999999999",
        "1\n2",
        "1 \u2028EUR",
        "1" + " " * 100_000 + "!",
    ],
)
def test_other_prices_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_price(text)


@pytest.mark.parametrize(
    ("price", "says"),
    [
        (
            "0.05 USD",
            "At a price of 0.05 USD for 10,000 lookups, one day of lookups costs 0.01 USD.",
        ),
        ("100", "At a price of 100 for 10,000 lookups, one day of lookups costs 28.80."),
        (
            "0.001 EUR",
            "At a price of 0.001 EUR for 10,000 lookups, one day of lookups costs less than 0.01 EUR.",
        ),
        (None, "about 2,880 lookups per day. The parse times"),
        ("no price", "about 2,880 lookups per day. The parse times"),
    ],
)
def test_lookups_cost_what_the_backend_charges(price: str | None, says: str) -> None:
    found = run(file("a.py", 50.0, accesses=(access("x"),)), settings={"lookup_price": price})
    assert says in texts.about_lookups(found)


@pytest.mark.parametrize(
    ("key", "template"),
    [
        ("folder", "{{ var.value.folder }}"),
        ("get", "{{ var.value.get('get') }}"),
        ("_private", "{{ var.value.get('_private') }}"),
        ("two words", "{{ var.value.get('two words') }}"),
        ("größe", "{{ var.value.get('größe') }}"),
    ],
)
def test_templates_work_for_every_key(key: str, template: str) -> None:
    from dagprof.passes.answers.templates import template_of

    assert template_of(key) == template


@pytest.mark.parametrize("key", ["it's", "a\\nb", "x}}y", "{% raw %}", "two\nlines"])
def test_keys_that_a_template_cannot_hold_are_left_out(key: str) -> None:
    from dagprof.passes.answers.templates import text_lookups

    assert text_lookups([access(key), access("plain")]) == ["plain"]

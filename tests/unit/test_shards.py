"""How files are split into shards, and how the Runs of shards become one Run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.others import collected
from dagprof.cli.commands.merge import command
from dagprof.errors import UsageError
from dagprof.judge.scaling import scaled
from dagprof.measure.shards import Shard, part
from dagprof.model import (
    FileResult,
    Git,
    LookupPrices,
    Preloading,
    Price,
    PriceSource,
    Run,
    Stack,
)
from dagprof.quantities import parse_shard
from dagprof.store import runs as stored
from dagprof.usecases.merge import merge

from .builders import environment, file, reference, run, statement, trace
from .test_fleet import by_both, by_helper, light, scanned

SIZES = {f"dag_{number:03}.py": 200 + 37 * number % 1_000 for number in range(100)}


@pytest.mark.parametrize("of", [1, 2, 7, 100])
def test_each_file_is_in_one_shard(of: int) -> None:
    parts = [part(SIZES, Shard(number, of)) for number in range(1, of + 1)]
    assert sorted(path for each in parts for path in each.paths) == sorted(SIZES)
    assert all(each.paths for each in parts)
    assert len({each.digest for each in parts}) == 1


def test_shards_take_equally_long() -> None:
    costs = {path: 10.0 + number**2 for number, path in enumerate(SIZES)}
    parts = [part(SIZES, Shard(number, 4, costs)) for number in range(1, 5)]
    loads = [sum(50 + costs[path] for path in each.paths) for each in parts]
    assert max(loads) - min(loads) < 0.01 * sum(loads)


def test_a_new_file_counts_like_the_median() -> None:
    costs = dict.fromkeys(SIZES, 100.0)
    more = {**SIZES, "new.py": 1}
    assert {len(part(more, Shard(number, 2, costs)).paths) for number in (1, 2)} == {50, 51}


def test_other_files_or_costs_are_another_split() -> None:
    plain = part(SIZES, Shard(1, 4)).digest
    assert part({**SIZES, "new.py": 1}, Shard(1, 4)).digest != plain
    assert part(SIZES, Shard(1, 4, {"dag_000.py": 9_000.0})).digest != plain
    assert part({**SIZES, "dag_000.py": 9_999}, Shard(1, 4)).digest != plain
    assert part(dict(reversed(SIZES.items())), Shard(2, 4)).digest == plain


def test_more_shards_than_files_are_refused() -> None:
    with pytest.raises(
        UsageError, match=r"^3 DAG files cannot be split into 4 shards\. Use at most 3"
    ):
        part({"a.py": 1, "b.py": 1, "c.py": 1}, Shard(1, 4))


def test_shards_are_written_as_two_numbers() -> None:
    assert parse_shard("3/8") == (3, 8)
    assert parse_shard(" 1/1 ") == (1, 1)


@pytest.mark.parametrize(
    "text", ["", "3", "0/8", "9/8", "-1/8", "3/8/2", "a/b", "1/9999999999", "1/10001", "1 /2"]
)
def test_other_shards_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a shard"):
        parse_shard(text)


def test_all_times_are_scaled_and_nothing_else() -> None:
    plain = by_helper("a.py")
    plain = msgspec.structs.replace(
        plain, trace=trace(100.0, plain.trace.loads if plain.trace else None, [statement(3, 500)])
    )
    before, after = (_numbers(each) for each in (plain, scaled(plain, 2.0)))
    assert before.keys() == after.keys()
    times = {key for key in before if key.rpartition(".")[2].split("[")[0].endswith(("_ms", "_us"))}
    assert len(times) > 20
    assert {key for key in before if before[key] != after[key]} == {
        key for key in times if before[key]
    }
    assert all(after[key] == pytest.approx(2 * before[key], abs=0.001) for key in times)


def _numbers(value: Any, name: str = "") -> dict[str, float]:
    """All numbers in a result, by their place."""
    if isinstance(value, msgspec.Struct):
        found: dict[str, float] = {}
        for field in value.__struct_fields__:
            found |= _numbers(getattr(value, field), f"{name}.{field}")
        return found
    if isinstance(value, tuple):
        return {
            key: number
            for place, each in enumerate(value)
            for key, number in _numbers(each, f"{name}[{place}]").items()
        }
    return {name: value} if isinstance(value, int | float) else {}


def shard(number: int, of: int, *files: FileResult, **changes: Any) -> Run:
    """One shard of ``test_fleet``'s Run."""
    whole = scanned(*files)
    values: dict[str, Any] = {
        "settings": {**whole.settings, "shard": f"{number}/{of}", "split": "digest"},
        "reference": reference(),
        **changes,
    }
    return msgspec.structs.replace(whole, **values)


FILES = (
    by_helper("a.py", dag_ids=("a",)),
    by_both("b.py", dag_ids=("b",)),
    light("c.py", dag_ids=("c",)),
    by_helper("d.py", dag_ids=("d",)),
)


def test_the_merged_run_is_the_run_of_all_files() -> None:
    runs = {"1.json": shard(1, 2, *FILES[:2]), "2.json": shard(2, 2, *FILES[2:])}
    merged, whole = merge(runs), scanned(*FILES)
    assert [each.path for each in merged.files] == [each.path for each in whole.files]
    assert [each.samples for each in merged.files] == [each.samples for each in whole.files]
    assert merged.total_parse_ms == whole.total_parse_ms
    assert "shard" not in merged.settings
    assert Fleet(merged).plan(untried=True) == Fleet(whole).plan(untried=True)
    assert merged.doubts == ()


def test_the_page_and_the_terminal_share_the_other_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Run] = []

    def counting(run: Run, plan: Plan) -> None:
        found.append(run)

    monkeypatch.setattr(collected, "preload", counting)
    monkeypatch.chdir(tmp_path)
    for number, files in ((1, FILES[:2]), (2, FILES[2:])):
        stored.save(shard(number, 2, *files), tmp_path / f"{number}.json")
    done = CliRunner().invoke(command, ["1.json", "2.json"], standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "Slowest files" in done.output
    assert (tmp_path / "reports" / "report.html").is_file()
    assert len(found) == 1


def test_modules_get_new_positions() -> None:
    other = shard(2, 2, light("c.py"))
    moved = msgspec.structs.replace(
        other,
        modules=tuple(reversed(other.modules)),
        files=tuple(
            msgspec.structs.replace(
                each,
                trace=msgspec.structs.replace(
                    each.trace,
                    loads=msgspec.structs.replace(each.trace.loads, module=(0,)),
                    edges=tuple(msgspec.structs.replace(e, target=0) for e in each.trace.edges),
                ),
            )
            for each in other.files
            if each.trace is not None
        ),
    )
    merged = merge({"1": shard(1, 2, by_helper("a.py")), "2": moved})
    trace_of = merged.files[1].trace
    assert trace_of is not None
    assert [merged.modules[place].name for place in trace_of.loads.module] == ["light"]
    assert [merged.modules[edge.target].name for edge in trace_of.edges] == ["light"]


def test_times_are_those_of_the_first_machine() -> None:
    slow = shard(
        2, 2, by_helper("b.py"), reference=reference(200), environment=environment(machine="m2")
    )
    merged = merge({"1": shard(1, 2, by_helper("a.py")), "2": slow})
    assert [each.parse_ms for each in merged.files] == [100.0, 50.0]
    (doubt,) = merged.doubts
    assert "the slowest machine took 2.00 times as long" in doubt.text


def test_noise_of_the_reference_scales_nothing() -> None:
    again = shard(2, 2, by_helper("b.py"), reference=reference(100.1))
    merged = merge({"1": shard(1, 2, by_helper("a.py")), "2": again})
    assert [each.parse_ms for each in merged.files] == [100.0, 100.0]
    assert merged.doubts == ()


def test_a_dag_id_in_two_shards_is_noted() -> None:
    runs = {
        "1": shard(1, 2, file("a.py", 9.0, dag_ids=("same",))),
        "2": shard(2, 2, file("b.py", 9.0, dag_ids=("same",))),
    }
    merged = merge(runs)
    assert [len(each.doubts) for each in merged.files] == [1, 1]
    assert merge({"1": merged}).files == merged.files


def test_preloading_of_a_part_is_left_out() -> None:
    merged = merge({"1": shard(1, 1, *FILES, preloading=Preloading(packages=()))})
    assert merged.preloading is None
    assert [doubt.code for doubt in merged.doubts] == ["merged-preloading"]


def test_a_missing_shard_is_named_and_can_be_accepted() -> None:
    runs = {"1": shard(1, 4, FILES[0]), "4": shard(4, 4, FILES[1])}
    with pytest.raises(UsageError, match=r"^Shards 2, 3 are missing\. Give the run files of all"):
        merge(runs)
    merged = merge(runs, partial=True)
    assert [doubt.code for doubt in merged.doubts] == ["missing-shards"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"root": "/other"}, "the folders differ (/dags and /other)"),
        ({"dagprof_version": "9"}, "the dagprof versions differ (0.1.0 and 9)"),
        ({"environment": environment(airflow_version="2.9.3")}, "the Airflow versions differ"),
        (
            {"environment": environment(git=Git(commit="b" * 40, is_dirty=False))},
            "the commits differ (None and bbbb",
        ),
        (
            {"environment": environment(airflow_config={"dagbag_import_timeout": "1"})},
            "the values of Airflow's setting dagbag_import_timeout differ (30.0 and 1)",
        ),
        (
            {"environment": environment(distributions={"pandas": "3"})},
            "the versions of pandas differ (2.2.3 and 3)",
        ),
        (
            {"settings": {"temperature": "warm"}},
            "the values of the setting `isolation` differ (fork and None)",
        ),
        (
            {"environment": environment(machine="m2"), "reference": None},
            "the runs are from different machines whose speeds cannot be compared",
        ),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(changes: dict[str, Any], why: str) -> None:
    runs = {"1.json": shard(1, 2, FILES[0]), "2.json": shard(2, 2, FILES[1], **changes)}
    with pytest.raises(UsageError) as raised:
        merge(runs)
    assert str(raised.value).startswith(f"Cannot merge 1.json and 2.json: {why}")


def test_another_split_is_refused() -> None:
    other = shard(2, 2, FILES[1])
    other = msgspec.structs.replace(other, settings={**other.settings, "split": "another"})
    with pytest.raises(UsageError, match="the shards come from different splits"):
        merge({"1": shard(1, 2, FILES[0]), "2": other})


def test_the_same_shard_twice_is_refused() -> None:
    one = shard(1, 1, FILES[0])
    with pytest.raises(UsageError, match=r"^x and y are both shard 1\. Give each shard only once"):
        merge({"x": one, "y": one})
    plain = run(file("a.py", 5.0))
    with pytest.raises(
        UsageError, match=r"^x and y both contain a\.py\. Give each shard only once"
    ):
        merge({"x": plain, "y": plain})


def test_shards_of_different_scans_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^y is one of 3 shards, but another run is one of 2"):
        merge({"x": shard(1, 2, FILES[0]), "y": shard(2, 3, FILES[1])})


def test_many_missing_shards_are_counted() -> None:
    with pytest.raises(UsageError, match=r"^Shards 2, 3, 4, 5, 6 and others are missing"):
        merge({"x": shard(1, 9_999, FILES[0])})


def test_a_deep_call_stack_is_scaled() -> None:
    node: Any = None
    for _ in range(240):
        below = () if node is None else (node,)
        node = Stack(function="f", file="a.py", line=1, wall_ms=4.0, children=below)
    deep = scaled(by_helper("a.py", stack=node), 0.5).stack
    assert deep is not None
    assert (deep.wall_ms, deep.children[0].wall_ms) == (2.0, 2.0)


def test_what_only_a_later_shard_knows_is_kept() -> None:
    prices = LookupPrices(
        source=PriceSource.MEASURED,
        variable=Price(first_ms=20.0, next_ms=10.0),
        connection=Price(first_ms=20.0, next_ms=10.0),
    )
    second = shard(2, 2, FILES[1], lookup_prices=prices, reference=reference(200))
    merged = merge({"1": shard(1, 2, FILES[0]), "2": second})
    assert merged.lookup_prices is not None
    assert merged.lookup_prices.variable.next_ms == 5.0


def test_without_runs_nothing_is_merged() -> None:
    with pytest.raises(UsageError, match="Nothing to merge"):
        merge({})


def test_runs_without_a_shard_can_be_merged() -> None:
    merged = merge({"1": run(file("a.py", 5.0)), "2": run(file("b.py", 7.0))})
    assert merged.total_parse_ms == 12.0

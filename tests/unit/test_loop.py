"""The simulated parse loop of the DAG processor."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import pytest

from dagprof.analyse.loop import (
    Costs,
    LoopFile,
    LoopRequest,
    LoopSettings,
    Timeline,
    enough,
    forecast,
)
from dagprof.analyse.loop.enough import round_s
from dagprof.analyse.loop.manager import ordered, simulate
from dagprof.analyse.loop.staleness import staleness
from dagprof.analyse.loop.values import ALPHABETICAL, MODIFIED, RANDOM
from dagprof.errors import UsageError
from dagprof.model import FileResult, Need, Run, Status
from dagprof.report.parse_loop.modified import modification_times
from dagprof.usecases.deployment.loop import loop
from unit.builders import environment, file, run
from unit.test_fleet import by_helper, experiment, scanned

FREE = Costs()
SOME = Costs(start_s=0.01, store_s=0.03, turn_s=0.01, child_s=0.03)


def files(*seconds: float, cpu_share: float = 1.0) -> list[LoopFile]:
    return [LoopFile(f"f{n:03d}.py", s, cpu_share) for n, s in enumerate(seconds)]


def settings(**changes: object) -> LoopSettings:
    return LoopSettings()._replace(**{"processes": 1, "cores": 8, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("is_airflow_3", [True, False])
def test_one_process_parses_one_file_after_the_other(is_airflow_3: bool) -> None:
    timeline = simulate(files(1.3, 2.1, 0.7), settings(is_airflow_3=is_airflow_3), FREE)
    assert timeline.round_s == pytest.approx(4.1)
    assert all(a.stored <= b.start + 1e-9 for a, b in pairwise(timeline.parses))


def test_costs_count_for_each_parse() -> None:
    with_costs = simulate(files(*[0.5] * 10), settings(), SOME).round_s
    assert with_costs == pytest.approx(10 * (0.5 + 0.01 + 0.03 + 0.03) + 9 * 0.01, abs=0.02)


def test_two_processes_halve_a_round() -> None:
    timeline = simulate(files(*[1.0] * 10), settings(processes=2), FREE)
    assert timeline.round_s == pytest.approx(5.0)
    assert {parse.slot for parse in timeline.parses} == {0, 1}


@pytest.mark.parametrize(("cpu_share", "expected_s"), [(1.0, 10.0), (0.0, 5.0), (0.75, 7.5)])
def test_processes_share_the_cpu_cores(cpu_share: float, expected_s: float) -> None:
    busy = files(*[1.0] * 10, cpu_share=cpu_share)
    timeline = simulate(busy, settings(processes=2, cores=1), FREE)
    assert timeline.round_s == pytest.approx(expected_s, rel=0.1)


def test_no_file_is_parsed_again_before_the_interval_has_passed() -> None:
    timeline = simulate(files(0.5, 0.5, 4.0), settings(processes=2), SOME)
    last: dict[int, float] = {}
    for parse in timeline.parses:
        assert parse.queued - last.get(parse.file, -99.0) >= 30
        last[parse.file] = parse.stored - SOME.store_s


def test_the_queue_is_filled_only_when_it_is_empty() -> None:
    timeline = simulate(files(*[1.0] * 40), settings(interval_s=5.0), FREE)
    for refill in timeline.refills:
        waiting = [p for p in timeline.parses if p.queued < refill.at < p.start - 1e-9]
        assert not waiting


def test_a_loop_that_does_not_keep_up_parses_the_front_of_the_queue_more_often() -> None:
    found = forecast(files(*[1.0] * 100), settings(), FREE)
    assert not found.keeps_up
    parses = [0] * 100
    for parse in found.timeline.parses:
        parses[parse.file] += 1
    assert parses[0] > parses[-1]
    assert found.longest_cycle_s > 1.2 * found.round_s


def test_airflow_ends_a_parse_that_takes_too_long() -> None:
    timeline = simulate(files(1.0, 500.0), settings(timeout_s=20.0), FREE, rounds=2)
    killed = [parse for parse in timeline.parses if parse.is_killed]
    assert {parse.file for parse in killed} == {1}
    assert all(20 < parse.end - parse.start < 22 for parse in killed)


def test_airflow_2_leaves_a_process_unused_if_a_parse_ends_during_a_turn() -> None:
    slow_turn = Costs(turn_s=0.2)
    # After the file of 0.5 s, the manager waits 0.3 s in vain. The file of 0.4 s ends during the
    # turn after that, and the manager then waits another 0.5 s.
    in_2, in_3 = (
        simulate(files(0.5, 0.4), settings(is_airflow_3=new, interval_s=0.0), slow_turn)
        for new in (False, True)
    )
    assert in_2.span_s > in_3.span_s + 3 * 0.4


def test_sort_modes_order_the_queue() -> None:
    names = [LoopFile(name, 1.0) for name in ("b.py", "c.py", "a.py")]
    assert ordered(names, MODIFIED) == [0, 1, 2]
    times = [name._replace(modified=at) for name, at in zip(names, (3.0, 1.0, 7.0), strict=True)]
    assert ordered(times, MODIFIED) == [2, 0, 1]
    assert ordered(names, ALPHABETICAL) == [2, 0, 1]
    assert sorted(ordered(names, RANDOM)) == [0, 1, 2]
    assert ordered(names, RANDOM) == ordered(names, RANDOM)


def stale_s(timeline: Timeline, file: int, at: float, *, sees_changes: bool) -> float | None:
    """The staleness of one change, followed step by step."""
    parses = [parse for parse in timeline.parses if parse.file == file]
    after = [parse for parse in parses if parse.start >= at]
    if not after:
        return None
    planned = after[0]
    is_running = any(parse.start < at < parse.stored for parse in parses)
    if sees_changes and not is_running and planned.queued > at:
        for refill in timeline.refills:
            if at <= refill.at < planned.queued:
                took_s = planned.stored - planned.start
                return max(refill.free, refill.at) + took_s - at
    return planned.stored - at


@pytest.mark.parametrize("sort_mode", [MODIFIED, ALPHABETICAL])
@pytest.mark.parametrize("number", [10, 60])
def test_staleness_is_that_of_changes_at_any_time(sort_mode: str, number: int) -> None:
    chance = random.Random(1)
    work = files(*(chance.uniform(0.2, 1.5) for _ in range(number)))
    timeline = simulate(work, settings(sort_mode=sort_mode), SOME, rounds=6)
    found = staleness(timeline, sort_mode)
    ages = []
    for place in range(number):
        known = [parse for parse in timeline.parses[timeline.first :] if parse.file == place]
        for _ in range(400):
            at = chance.uniform(known[0].start, known[-1].start)
            age = stale_s(timeline, place, at, sees_changes=sort_mode == MODIFIED)
            assert age is not None
            ages.append(age)
    ages.sort()
    assert found.typical_s == pytest.approx(sum(ages) / len(ages), rel=0.05)
    assert found.most_s == pytest.approx(ages[int(0.95 * len(ages))], rel=0.05)
    assert ages[-1] <= found.worst_s + 1e-6 <= 1.1 * ages[-1]


def test_modified_files_do_not_wait_for_the_interval() -> None:
    work = files(*[0.5] * 10)
    noticed = forecast(work, settings(), SOME).stale
    unnoticed = forecast(work, settings(sort_mode=ALPHABETICAL), SOME).stale
    assert noticed.typical_s < 2 < 14 < unnoticed.typical_s
    assert noticed.worst_s == pytest.approx(unnoticed.worst_s, abs=2)


def test_a_new_file_waits_for_the_next_search() -> None:
    found = forecast(files(0.5, 8.0), settings(refresh_s=60.0), FREE)
    assert 60 + 5 + 8 <= found.new_file_s <= 60 + 5 + 8.2


def test_the_smallest_sufficient_number_of_processes_is_found() -> None:
    now = forecast(files(*[1.0] * 100), settings(), FREE)
    found = enough(now)
    assert not found.is_enough
    assert found.processes == 4
    fewer = now.settings._replace(processes=3)
    assert (
        round_s(now.files, fewer, now)
        > 30
        >= round_s(now.files, now.settings._replace(processes=4), now)
    )
    assert found.interval_s == 100


def test_more_processes_need_more_cores() -> None:
    found = enough(forecast(files(*[1.0] * 100), settings(cores=1), FREE))
    assert (found.processes, found.cores) == (4, 4)


def test_no_number_of_processes_helps_against_one_slow_file() -> None:
    now = forecast(files(40.0, *[1.0] * 5), settings(), FREE)
    assert enough(now).processes == 0
    assert enough(now, within_s=41.0).processes == 2


def recorded(*results: FileResult, version: str = "3.3.2", **config: str) -> Run:
    where = environment(airflow_version=version, airflow_config=config)
    return run(*results, environment=where)


def test_settings_come_from_options_then_the_run_then_airflow() -> None:
    one = recorded(file("a.py", 100.0), parsing_processes="3", min_file_process_interval="x")
    found = loop(one, LoopRequest({"refresh_interval": "60"}))
    assert found.now.settings.processes == 3
    assert found.now.settings.interval_s == 30
    assert found.now.settings.refresh_s == 60
    sources = {name: value.source for name, value in found.values.items()}
    assert sources["parsing_processes"] == "run"
    assert sources["min_file_process_interval"] == "default"
    assert sources["refresh_interval"] == "option"


def test_settings_have_the_names_of_the_airflow_version() -> None:
    names = {
        value.name for value in loop(recorded(file("a.py", 9.0), version="2.11.2")).values.values()
    }
    assert "[scheduler] dag_dir_list_interval" in names
    assert "[core] dag_file_processor_timeout" in names
    names = {value.name for value in loop(recorded(file("a.py", 9.0))).values.values()}
    assert "[dag_processor] refresh_interval" in names


@pytest.mark.parametrize(
    "options",
    [
        {"parsing_processes": "0"},
        {"refresh_interval": "-1"},
        {"file_parsing_sort_mode": "x"},
        {"y": "1"},
    ],
)
def test_values_that_airflow_would_reject_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="Give a value that Airflow accepts"):
        loop(recorded(file("a.py", 100.0)), LoopRequest(options))


def test_a_run_without_times_has_no_forecast() -> None:
    with pytest.raises(UsageError, match="no parse times"):
        loop(recorded(file("a.py", status=Status.KILLED)))


def test_the_time_of_each_parse_besides_the_parse_can_be_given() -> None:
    one = recorded(*(file(f"{n}.py", 100.0) for n in range(10)))
    found = loop(one, LoopRequest(per_parse_ms=400.0))
    assert sum(found.now.costs) == pytest.approx(0.4)


def test_a_file_beyond_the_time_limit_occupies_a_process_until_airflows_timeout() -> None:
    one = recorded(file("a.py", 100.0), file("b.py", status=Status.TIMED_OUT))
    found = loop(one)
    assert found.now.round_s == pytest.approx(50, abs=3)
    assert found.close[0].path == "b.py"


def test_files_close_to_a_timeout_are_listed() -> None:
    one = recorded(file("slow.py", 30_000.0), file("quick.py", 100.0))
    limits = {(each.path, each.limit) for each in loop(one).close}
    assert limits == {
        ("slow.py", "dagbag_import_timeout"),
        ("slow.py", "dag_file_processor_timeout"),
    }


def test_the_plan_shortens_the_round() -> None:
    proved = experiment(Need.NOT_NEEDED, "helper.py:3", saving_ms=(60.0, 60.0))
    one = scanned(*(by_helper(f"{n}.py", experiments=(proved,)) for n in range(10)))
    found = loop(one)
    assert found.planned is not None
    assert found.planned.work_s == pytest.approx(found.now.work_s - 0.6, abs=0.05)


def test_modification_times_come_from_files_that_have_not_changed(tmp_path: Path) -> None:
    for name, at in (("a.py", 5), ("b.py", 9)):
        (tmp_path / name).write_text("text")
        os.utime(tmp_path / name, (at, at))
    results = [file(f"{name}.py", 100.0, size_bytes=4) for name in "abc"]
    one = run(*results, root=str(tmp_path))
    assert modification_times(one) == {"a.py": 5, "b.py": 9}
    assert [each.path for each in loop(one).now.files] == ["a.py", "b.py", "c.py"]
    first = loop(one).now.first_round[0]
    assert loop(one).now.files[first.file].path == "b.py"
    (tmp_path / "b.py").write_text("other text")
    assert modification_times(one) == {"a.py": 5}

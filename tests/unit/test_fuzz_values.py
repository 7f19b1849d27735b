"""Properties of what reads values, tried with values that hypothesis makes up.

The seed is that of the malformed files, see ``test_fuzz``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fuzzing.documents import a_reply, a_result
from fuzzing.stored import check_sentence
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st
from support import FUZZ_SECONDS, FUZZ_SEED

from dagprof.config import settings as settings_module
from dagprof.config.settings import Settings
from dagprof.errors import DagprofError, RunFileError, UsageError
from dagprof.link import lookups, reading
from dagprof.link.cpu_wait import NetTimes
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import StatementRow, Times
from dagprof.model import Loads, Samples
from dagprof.quantities import parse_duration_ms, parse_share
from dagprof.store import runs
from unit.builders import file, run

SEED = int(os.environ[FUZZ_SEED])
# A second for about forty examples of one test.
EXAMPLES = max(20, int(float(os.environ.get(FUZZ_SECONDS, "5")) * 5))
WHOLE = st.integers(-(10**18), 10**18)
NUMBERS = st.one_of(WHOLE, st.integers(), st.floats())
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
Test = Callable[..., None]


def fuzzed(**strategies: Any) -> Callable[[Test], Test]:
    """A test of made-up values, with the seed of this run."""

    def decorated(test: Test) -> Test:
        checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        bounded = settings(
            max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=checks
        )
        return seed(SEED)(bounded(given(**strategies)(test)))

    return decorated


@fuzzed(document=JSON)
def test_any_json_is_no_run(document: Any) -> None:
    with pytest.raises(RunFileError) as caught:
        runs.decode(json.dumps(document).encode(), "x")
    check_sentence(caught.value)


@fuzzed(data=st.binary(max_size=300))
def test_any_bytes_are_no_run(data: bytes) -> None:
    with pytest.raises(RunFileError):
        runs.decode(data, "x")


@fuzzed(value=JSON, place=st.integers(0, 10**6))
def test_any_value_anywhere_in_an_answer(value: Any, place: int) -> None:
    """What is believed can be written and read again."""
    result = a_result("trace")
    key = sorted(result)[place % len(result)]
    reply = reading.reply(a_reply(json.dumps({**result, key: value})).encode())
    assert isinstance(reply, Reply)
    assert reply.stdout[1] == 3
    if reply.result is not None and reply.result.trace is not None:
        traced = reading.trace(reply.result.trace, reply.result.times)
        written = msgspec.json.encode(run(file("a.py", 1.0, trace=traced), modules=_modules(reply)))
        decoded = msgspec.json.decode(written)
        decoded["import_sets"] = msgspec.to_builtins(reply.result.trace.import_sets)
        runs.decode(json.dumps(decoded).encode(), "x")


def _modules(reply: Reply) -> Any:
    assert reply.result is not None
    assert reply.result.trace is not None
    return reading.modules(reply.result.trace)


MS = st.floats(0, 1e16)
US = st.integers(0, 10**12)


@fuzzed(
    wall_ms=MS,
    cpu_ms=MS,
    queued_ms=MS,
    rows=st.lists(st.tuples(st.integers(1, 9), US, US), min_size=1, max_size=6),
    columns=st.lists(st.tuples(st.integers(0, 9), US, st.integers(0, 9)), max_size=8),
)
def test_net_times_are_never_more_than_traced_ones(
    wall_ms: float,
    cpu_ms: float,
    queued_ms: float,
    rows: list[tuple[int, int, int]],
    columns: list[tuple[int, int, int]],
) -> None:
    assume(queued_ms <= wall_ms)
    statements = [
        StatementRow(-1, line, line + 1, "expr", "", wall, cpu, 1, False, 0, 0, "")
        for line, wall, cpu in rows
    ]
    size = len(columns)
    loads = Loads(
        module=tuple(range(size)),
        parent=tuple(min(parent, place) - 1 for place, (parent, _, _) in enumerate(columns)),
        self_us=tuple(us for _, us, _ in columns),
        cumulative_us=tuple(us for _, us, _ in columns),
        importer=(-1,) * size,
        line=tuple(line for _, _, line in columns),
        caller_line=(0,) * size,
        imports=(0,) * size,
    )
    net = NetTimes(Times(wall_ms=wall_ms, cpu_ms=cpu_ms, queued_ms=queued_ms))
    found = net.loads(loads, statements)
    assert all(0 <= new <= old for new, old in zip(found.self_us, loads.self_us, strict=True))
    outermost = [us for us, at in zip(found.cumulative_us, found.parent, strict=True) if at < 0]
    assert sum(outermost) == sum(found.self_us)
    took = net.statements_us(statements)
    assert all(0 <= new <= row.wall_us for new, row in zip(took, statements, strict=True))
    assert 0 <= net.computing(5.0) <= 5.0


@fuzzed(columns=st.lists(st.lists(MS, max_size=4), min_size=7, max_size=7))
def test_columns_of_samples(columns: list[list[float]]) -> None:
    names = ("wall_ms", "cpu_ms", "load_ms", "bag_ms", "serialise_ms", "queued_ms", "exit_ms")
    lengths = [len(column) for column in columns]
    given_columns: Any = {name: tuple(column) for name, column in zip(names, columns, strict=True)}
    fits = len(set(lengths[:5])) == 1 and {*lengths[5:]} <= {0, lengths[0]}
    if not fits:
        with pytest.raises(ValueError, match="differ in length"):
            Samples(**given_columns)
        return
    samples = Samples(**given_columns)
    assert len(samples.own_ms) == lengths[0]
    assert math.isfinite(samples.spread_ms)


@fuzzed(document=st.dictionaries(st.text(min_size=1), JSON, max_size=5))
def test_a_json_file_of_variables_means_itself(tmp_path: Path, document: dict[str, Any]) -> None:
    assume(lookups.MARK not in document)
    place = tmp_path / "variables.json"
    place.write_text(json.dumps(document))
    found = lookups.read(str(place), "variables")
    expected = {
        name: value["value"]
        if isinstance(value, dict) and set(value) == {"value", "description"}
        else value
        for name, value in document.items()
    }
    assert json.dumps(found) == json.dumps(expected)


@fuzzed(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_read_as_yaml_or_refused(tmp_path: Path, text: str) -> None:
    place = tmp_path / "variables.yaml"
    place.write_text(text)
    try:
        json.dumps(lookups.read(str(place), "variables"))
    except UsageError as error:
        check_sentence(error)


@fuzzed(name=st.sampled_from(Settings.__struct_fields__), value=JSON)
def test_any_value_of_a_setting_is_used_or_refused(name: str, value: Any) -> None:
    try:
        found = settings_module.load({name: value}, environment={}, start=Path("/nowhere"))
    except DagprofError as error:
        check_sentence(error)
    else:
        json.dumps(msgspec.to_builtins(found))


@fuzzed(text=st.one_of(st.text(), st.from_regex(r"[0-9]+(\.[0-9]+)? ?(ms|s|%)?", fullmatch=True)))
def test_quantities_are_finite(text: str) -> None:
    for parse in (parse_share, parse_duration_ms):
        try:
            assert 0 <= parse(text) <= 1e12
        except UsageError as error:
            check_sentence(error)

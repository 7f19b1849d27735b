"""Runs and journals that fit the schema and contradict themselves are refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fuzzing.documents import a_journal_line, a_reply, a_result, a_run, a_run_document
from hypothesis import given
from hypothesis import strategies as st

from dagprof.analyse.comparison import compare
from dagprof.analyse.frames import loads_frame, samples_frame
from dagprof.attribution.dominators import DominatorIndex
from dagprof.errors import RunFileError
from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.nesting import InnermostLines, outermost_first
from dagprof.store import journal, runs
from dagprof.usecases.report import report

Json = Any


def decoded(document: Json) -> object:
    return runs.decode(json.dumps(document).encode(), "run.json")


def test_the_document_itself_is_right() -> None:
    assert decoded(a_run_document()) == a_run()


def _set(*way: str | int) -> Callable[[Json, Json], None]:
    def change(document: Json, value: Json) -> None:
        *around, last = way
        for key in around:
            document = document[key]
        document[last] = value

    return change


TRACE = ("files", 0, "trace")
LOADS = (*TRACE, "loads")
DEEP: Json = {"function": "f", "file": "", "line": 1, "wall_ms": 1.0}
for _ in range(300):
    DEEP = {**DEEP, "children": [DEEP]}


@pytest.mark.parametrize(
    ("way", "value", "sentence"),
    [
        ((*LOADS, "module", 1), 99, "outside its table"),
        ((*LOADS, "module", 1), -1, "`int` >= 0"),
        ((*LOADS, "importer", 1), 99, "outside its table"),
        ((*LOADS, "importer", 1), -3, "`int` >= -2"),
        ((*LOADS, "imports", 1), 2, "outside its table"),
        ((*LOADS, "parent", 1), 1, "a load comes before the load that contains it"),
        ((*LOADS, "parent", 1), 4, "a load comes before the load that contains it"),
        ((*LOADS, "line"), [1], "the columns of loads differ in length"),
        ((*LOADS, "self_us", 0), 10**400, "<= 10000000000000000"),
        ((*TRACE, "edges", 0, 1), 99, "refers to a module that does not exist"),
        ((*TRACE, "edges", 0, 3), 99, "refers to a module that does not exist"),
        ((*TRACE, "memory", 0, 0), 99, "outside its table"),
        ((*TRACE, "statements", 4, "parent"), 4, "a statement is nested inside itself"),
        ((*TRACE, "statements", 3, "parent"), 0, "a statement is nested inside itself"),
        (
            (*TRACE, "statements", 4, "parent"),
            9,
            "a statement refers to a parent statement that does not exist",
        ),
        (("import_sets", 1, 0, 1), 99, "refers to a module that does not exist"),
        (("files", 0, "samples", "cpu_ms"), [1.0], "the columns of samples differ in length"),
        (("files", 0, "samples", "wall_ms", 0), -1.0, "`float` >= 0"),
        (("files", 0, "stack"), DEEP, "too deep"),
        (("files", 0, "experiments", 0, "without"), [], "length >= 1"),
        (("reference", "samples", "cpu_ms", 0), 0.0, "the reference parse has no CPU time"),
        (("reference", "samples"), {}, "the reference parse has no CPU time"),
        (("wall_s",), -1.0, "`float` >= 0"),
    ],
)
def test_a_run_that_contradicts_itself(
    way: tuple[str | int, ...], value: Json, sentence: str
) -> None:
    document = a_run_document()
    _set(*way)(document, value)
    with pytest.raises(RunFileError, match=r"'run\.json' is damaged: ") as caught:
        decoded(document)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_with_two_results_for_one_file() -> None:
    document = a_run_document()
    document["files"].append(document["files"][0])
    with pytest.raises(RunFileError, match="two results for the file "):
        decoded(document)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"schema_version": 3, "x": ' + b"[" * 100_000])
def test_deep_nesting_is_one_sentence(data: bytes) -> None:
    with pytest.raises(RunFileError, match="is not a run"):
        runs.decode(data, "run.json")


def test_a_device_without_end_is_no_run() -> None:
    with pytest.raises(RunFileError, match="larger than 500 MB"):
        runs.load("/dev/zero")


def test_columns_that_an_older_dagprof_did_not_write_may_be_missing() -> None:
    document = a_run_document()
    for file in document["files"]:
        for name in ("queued_ms", "exit_ms", "airflow_ms", "overhead_ms", "children_cpu_ms"):
            file.get("samples", {}).pop(name, None)
    document["schema_version"] = 1
    old = runs.decode(json.dumps(document).encode(), "run.json")
    assert old.files[0].own_ms == old.files[0].parse_ms == 121.0
    assert len(samples_frame(old)) == 9
    report(a_run(), old)
    compare(old, a_run())


def test_a_function_may_stand_before_the_statement_that_calls_it() -> None:
    document = a_run_document()
    assert document["files"][0]["trace"]["statements"][0]["parent"] == 3
    decoded(document)


def test_a_damaged_line_of_the_journal_is_left_out(tmp_path: Path) -> None:
    lines = [{"schema_version": 3, "key": "k"}, a_journal_line(), a_journal_line()]
    lines[1]["result"]["trace"]["loads"]["module"][0] = 99
    lines[1]["result"]["path"] = "damaged.py"
    place = tmp_path / "run.partial.jsonl"
    place.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [path for path, _ in journal.read(place)[1]] == ["slow.py"]


@given(st.lists(st.integers(-1, 12), max_size=12))
def test_positions_come_after_the_one_that_they_are_in(parents: list[int]) -> None:
    found = outermost_first(parents)
    assert len(set(found)) == len(found)
    for place, position in enumerate(found):
        assert parents[position] in (-1, *found[:place])
    for position in set(range(len(parents))) - set(found):  # inside itself, or in nothing
        seen = {position}
        while (position := parents[position]) in range(len(parents)) and position not in seen:
            seen.add(position)
        assert position != -1


LINES = st.integers(-3, 20)


@given(st.lists(st.tuples(LINES, LINES), max_size=12), LINES)
def test_the_last_stretch_that_holds_a_line(stretches: list[tuple[int, int]], line: int) -> None:
    holding = [place for place, (first, last) in enumerate(stretches) if first <= line <= last]
    assert InnermostLines(stretches).at(line) == (holding[-1] if holding else -1)


def test_loads_in_each_other_a_thousand_times_are_refused() -> None:
    document = a_run_document()
    loads = document["files"][0]["trace"]["loads"]
    for name, column in loads.items():
        column[:] = range(-1, 1_001) if name == "parent" else [0] * 1_002
    with pytest.raises(RunFileError, match="loads are nested too deeply"):
        decoded(document)
    for column in loads.values():
        del column[900:]
    run = runs.decode(json.dumps(document).encode(), "run.json")
    assert loads_frame(run)["depth"].max() == 899
    report(run)


def test_what_is_written_is_read_again() -> None:
    assert runs.decode(msgspec.json.encode(a_run()), "x") == a_run()


def test_a_parse_that_imports_more_than_any_dag_file_is_refused() -> None:
    """What each statement leads to would take hours to find out."""
    result = a_result("trace")
    traced = result["trace"]
    size = 20_000
    traced["modules"] = [[f"m{n}", "", "user"] for n in range(size)]
    traced["loads"] = {name: [0] * size for name in traced["loads"]}
    traced["loads"] |= {"parent": [-1] * size, "module": list(range(size))}
    for edges, is_believed in ((4_000, True), (6_000, False)):
        traced["edges"] = [[n, n, False, -1, 0, False, False] for n in range(edges)]
        traced["import_sets"] = [[]]
        reply = reading.reply(a_reply(json.dumps(result)).encode())
        assert isinstance(reply, Reply)
        assert (reply.result is not None) == is_believed
        assert is_believed or "more import statements than dagprof can analyse" in reply.refused


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_costs_without_groups_are_those_of_the_definition(edges: list[tuple[int, int]]) -> None:
    after: dict[int, list[int]] = {0: []}
    for before, node in edges:
        after.setdefault(before, []).append(node)
    costs = {node: 2**node for node in range(1, 10)}
    groups = [{1}, {2, 3}, {4, 5, 6}, set(), {9}] * 150
    index = DominatorIndex(0, after, costs)
    expected = [index.cost([0], group | {0}) for group in groups[:5]]
    assert index.costs_without(groups) == expected * 150

"""Files of Variables and Connections: what they mean, or one sentence why they mean nothing."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dagprof.errors import UsageError
from dagprof.link import lookups
from dagprof.project.files import bounded_yaml
from dagprof.project.values import Unreadable

SOON_S = 2.0


def read(folder: Path, text: str, what: str = "variables") -> dict[str, Any]:
    place = folder / f"{what}.yaml"
    place.write_text(text)
    found = lookups.read(str(place), what)
    json.dumps(found)  # as it is sent to the probe
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("2026-13-99", "2026-13-99"),
        ("!!binary aGk=", "aGk="),
        ("!!set {a, b}", {"a": None, "b": None}),
        ("!!omap [a: 1]", [{"a": 1}]),
        ("!custom {a: 2026-01-01}", {"a": "2026-01-01"}),
        ("!!python/name:os.system x", "x"),
        ("[2026-01-01, 1, 1.5, true, null]", ["2026-01-01", 1, 1.5, True, None]),
        ("{2026-01-01: a, 1: b, null: c}", {"2026-01-01": "a", "1": "b", "None": "c"}),
        ("!!int x", "x"),
        ("9" * 5_000, "9" * 5_000),
        ("{value: 2026-01-01, description: d}", "2026-01-01"),
    ],
)
def test_any_yaml_value_has_a_meaning(tmp_path: Path, text: str, value: object) -> None:
    assert read(tmp_path, f"name: {text}\n") == {"name": value}


def test_json_is_read_as_json(tmp_path: Path) -> None:
    document = {"a": "\U0001f600", "b": 1e300, "c": "2026-01-01", "d": {"e": [None, True, 1e3]}}
    assert read(tmp_path, json.dumps(document)) == document
    many = {f"v{number}": {"deep": [number] * 20} for number in range(20_000)}
    began = time.process_time()
    assert read(tmp_path, json.dumps(many)) == many
    assert time.process_time() - began < SOON_S


ALIASES = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 9)}], {new}: v}}\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ALIASES, id="aliases"),
        pytest.param(MERGES, id="merges"),
        pytest.param("a: &a [*a]\n", id="itself"),
        pytest.param("a: " + "[" * 100_000, id="open-lists"),
        pytest.param("a: " + "[" * 500 + "]" * 500, id="lists"),
        pytest.param('{"a": ' + "[" * 900 + "]" * 900 + "}", id="json-lists"),
        pytest.param('{"a": ' * 100_000, id="open-json"),
        pytest.param("a:\n" + "".join(f"{' ' * n}- - a\n" for n in range(600)), id="indents"),
        pytest.param("- " * 20_000 + "a", id="dashes"),
        pytest.param("? " * 20_000 + "a", id="questions"),
        pytest.param("a: !!seq {b: 1}\n", id="no-list"),
        pytest.param("a: !!map [1]\n", id="no-mapping"),
        pytest.param("a: \x01\n", id="control"),
        pytest.param("a: b\n---\nc: d\n", id="documents"),
        pytest.param("\n".join(f"k{n}: v" for n in range(60_000)), id="many"),
    ],
)
def test_a_bomb_is_one_sentence_soon(tmp_path: Path, text: str) -> None:
    began = time.process_time()
    with pytest.raises(UsageError, match="is not valid JSON or YAML: ") as caught:
        read(tmp_path, text)
    assert time.process_time() - began < SOON_S
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("Fix the file, or give another file.")


@pytest.mark.parametrize("value", ["5", "null", "true", "2.5", "[]", "[a, b]", "[[a]]"])
def test_a_connection_is_a_uri_or_a_mapping(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError, match=r"The Connection 'warehouse' in .* is neither"):
        read(tmp_path, f"warehouse: {value}\n", "connections")


def test_a_list_of_one_connection_is_that_one(tmp_path: Path) -> None:
    found = read(tmp_path, "a: [mysql://h]\nb: {conn_type: http}\nc: 2026-01-01\n", "connections")
    assert found == {"a": "mysql://h", "b": {"conn_type": "http"}, "c": "2026-01-01"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("A", "a\0b"), ("A=B", "c"), ("", "c"), ("A", "\ud800"), ("A", "x" * 200_000)],
)
def test_no_process_can_have_such_a_variable(tmp_path: Path, name: str, value: str) -> None:
    place = tmp_path / "filled.json"
    place.write_text(json.dumps({lookups.MARK: 1, "environment": {name: value}}))
    with pytest.raises(UsageError, match="Cannot set the environment variable") as caught:
        lookups.environment(str(place))
    assert len(str(caught.value)) < 400


def test_environment_values_are_text_of_json(tmp_path: Path) -> None:
    place = tmp_path / "filled.json"
    values = {"A": 1, "B": True, "C": 1.5, "D": "x", "E": {"a": [None]}, "F": None}
    place.write_text(json.dumps({lookups.MARK: 1, "environment": values}))
    expected = {"A": "1", "B": "true", "C": "1.5", "D": "x", "E": '{"a": [null]}'}
    assert lookups.environment(str(place)) == expected


@pytest.mark.parametrize("path", ["/dev/zero", "/proc/self", "x" * 5_000, "no\0name"])
def test_what_is_no_file(path: str) -> None:
    with pytest.raises(UsageError):
        lookups.read(path, "variables")


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    place = tmp_path / "pipe"
    os.mkfifo(place)
    writing = threading.Thread(target=place.write_text, args=('{"a": "b"}',))
    writing.start()
    assert lookups.read(str(place), "variables") == {"a": "b"}
    writing.join()


def test_yaml_of_a_repository_is_not_nested_deeply() -> None:
    assert bounded_yaml.load("[" * 90 + "]" * 90)
    with pytest.raises(Unreadable, match="nested too deeply"):
        bounded_yaml.load("[" * 110 + "]" * 110)

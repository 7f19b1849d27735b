"""Sources that are nested as deep as they are long: generated code, or code that means harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagprof.attribution import calls, name_usage
from dagprof.gate.waivers import in_source

NAMES = frozenset({"pandas", "pd"})
MANY = 800


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = pd" + ".a" * MANY, id="attributes"),
        pytest.param("x = pd" + ".a()" * MANY, id="calls"),
        pytest.param("pd" + ".a()" * MANY, id="a-chain-of-calls"),
        pytest.param("x = 1" + " + 1" * MANY, id="sum"),
        pytest.param("class A:\n  if x: pass\n" + "  elif y: f()\n" * MANY, id="elif"),
    ],
)
def test_a_source_that_is_nested_deeply(tmp_path: Path, text: str) -> None:
    place = tmp_path / "deep.py"
    place.write_text(f"import pandas as pd\n{text}\n")
    file = str(place)
    assert name_usage.bound_names(file, 1) == {"pd"}
    name_usage.is_in_class(file, 1)
    name_usage.is_used(file, NAMES)
    name_usage.is_in_hints(file, NAMES)
    name_usage.reads_module(file, {"pd.a"})
    assert list(name_usage.uses_in(file, {"pandas": NAMES})) == []
    assert all(len(call.called) <= 60 for call in calls.call_statements(file).values())


def test_what_a_chain_of_calls_is_named(tmp_path: Path) -> None:
    place = tmp_path / "a.py"
    place.write_text("connect('s3cret').cursor(1).run()\nx['a'].b[s3cret]()\n(1).bit_length()\n")
    named = {line: call.called for line, call in calls.call_statements(str(place)).items()}
    assert named == {1: "connect().cursor().run", 2: "x['a'].b[…]", 3: "….bit_length"}


def test_comments_of_what_is_no_source() -> None:
    for text in (
        "\0# dagprof: accept slower until 2030-01-01: r",
        "'''",
        "\\",
        "if x:\n\ty\n        z\n",
    ):
        in_source(text, "a.py")
    _, wrong = in_source("# dagprof: accept " + "a" * 9_000 + " until 2030-01-01: r", "a.py")
    assert len(wrong[0]) < 600

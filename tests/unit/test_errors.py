"""Messages: values are cut, the words around them and the way out stay."""

from __future__ import annotations

import time

import pytest

from dagprof.errors import MeasurementError, UsageError, shortened

LONG = "x" * 1_000_000
SPACED = "a b " * 250_000


@pytest.mark.parametrize(
    ("message", "start", "end"),
    [
        (f"{LONG!r} is not a duration. Write 50ms.", "'xxx", "xxx' is not a duration. Write 50ms."),
        (f"{SPACED!r} is not a duration.", "'a b a b", "a b ' is not a duration."),
        (f"{SPACED + chr(39)!r} is no name.", '"a b a b', "a b '\" is no name."),
        (f"Cannot read /srv/{LONG}/dags/a.py (No such file).", "Cannot read /srv/xx", ")."),
        (f"There's no `{LONG}` in it; isn't that clear?", "There's no `xxx", "isn't that clear?"),
    ],
)
def test_a_value_of_a_megabyte_is_cut_in_the_middle(message: str, start: str, end: str) -> None:
    text = str(UsageError(message))
    assert text.startswith(start)
    assert text.endswith(end)
    assert text.count("…") == 1
    assert len(text) < 300


def test_what_is_long_without_a_value_is_cut_too() -> None:
    text = str(MeasurementError("Cannot import Airflow (" + SPACED + "). Run `dagprof doctor`."))
    assert text.startswith("Cannot import Airflow (a b")
    assert text.endswith("Run `dagprof doctor`.")
    assert len(text) == 2_003


def test_ordinary_messages_stay() -> None:
    message = (
        "It's the user's 'first' value that isn't right, and the second one's 'other' can't be"
        " either: " + ", ".join(f"{number!r}'s" for number in range(80)) + ". Don't use 'them'."
    )
    assert shortened(message) == message


def test_a_message_is_one_line() -> None:
    text = str(MeasurementError("Cannot import Airflow (no section header.\r\nfile: 'x'\n\n  1)."))
    assert text == "Cannot import Airflow (no section header. file: 'x' 1)."


@pytest.mark.parametrize("part", ["'", "'a ", "\\", "'\\", "\"a'", " ", "\n", " \n"])
def test_cutting_is_linear(part: str) -> None:
    began = time.monotonic()
    assert len(str(UsageError(part * 300_000 + "."))) <= 2_003
    assert time.monotonic() - began < 2

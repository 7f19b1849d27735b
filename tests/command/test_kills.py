"""Commands that are killed leave readable files, and the next run has nothing left to remove.

``bench/kills.py`` does the same at many random moments.
"""

from __future__ import annotations

import signal

import pytest
from killing import Kill, Place

# Shares of the time that an uninterrupted command takes.
MOMENTS = [
    ("scan", signal.SIGHUP, 0.75, False),
    ("scan", signal.SIGKILL, 0.9, True),
    ("gate", signal.SIGKILL, 0.3, False),
    ("gate", signal.SIGKILL, 0.7, True),
]
IN_CI = MOMENTS[1:3]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("kills") / "repository")
    made.run("scan")  # compiles, and makes the metadata database
    return made


@pytest.fixture(scope="module")
def whole(place: Place) -> dict[str, tuple[float, object]]:
    return {command: place.run(command) for command in ("scan", "gate")}


@pytest.mark.parametrize(
    ("command", "number", "share", "is_group"),
    [
        pytest.param(
            *each,
            id=f"{each[0]}-{each[1].name}-{each[2]}",
            marks=[] if each in IN_CI else [pytest.mark.thorough],
        )
        for each in MOMENTS
    ],
)
def test_after_a_kill(
    place: Place,
    whole: dict[str, tuple[float, object]],
    command: str,
    number: signal.Signals,
    share: float,
    is_group: bool,
) -> None:
    took_s, expected = whole[command]
    _, wrong = place.kill(Kill(command, number, share * took_s, is_group), expected)
    assert wrong == []

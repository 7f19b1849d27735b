"""Files are read with a bound, and what is no file not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagprof import bounded
from dagprof.attribution import name_usage
from dagprof.config import settings
from dagprof.errors import UsageError
from dagprof.report.page.sources import CHANGED, source_of
from dagprof.usecases.comments import waivers
from dagprof.usecases.explain import explain
from unit.builders import MODULES, file, run


def test_a_file_up_to_its_bound(tmp_path: Path) -> None:
    place = tmp_path / "a.py"
    place.write_bytes(b"12345")
    assert bounded.read(place, 5) == b"12345"
    assert bounded.head(place, 3) == b"123"
    with pytest.raises(OSError, match="larger than"):
        bounded.read(place, 4)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", tmp_path, "/dev/zero", "no\0name", "x" * 5_000, "\ud800"):
        with pytest.raises(OSError, match=r"regular file|directory|name of a file|too long"):
            bounded.read(name, 10)
    assert bounded.head("/dev/zero", 3_000_000, also_pipes=True) == bytes(3_000_000)
    assert bounded.real("no\0name") == "no\0name"


def test_a_source_that_a_run_names_may_be_a_pipe(tmp_path: Path) -> None:
    """Nobody writes to it: whoever opens it as a file waits for ever."""
    os.mkfifo(tmp_path / "a.py")
    os.mkfifo(tmp_path / "helper.py")
    result = file("a.py", 1, 2, size_bytes=0, sha256="0" * 64)
    helper = MODULES[0].__class__(name="helper", file=str(tmp_path / "helper.py"))
    stored = run(result, root=str(tmp_path), modules=(helper,))
    assert source_of(stored, result) == (None, CHANGED)
    assert explain(stored, "a.py").source is None
    assert waivers(stored) == ([], [])
    assert not name_usage.bound_names(helper.file, 1)
    assert not name_usage.bound_names("no\0name", 1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(".".join(["a"] * 60_000) + " = 1", id="key"),
        pytest.param("\n".join(f"b{n}{'.a' * 2_900} = 1" for n in range(150)), id="keys"),
        pytest.param("x = " + "[" * 100_000, id="lists"),
        pytest.param("# " + "x" * 1_000_001, id="comment"),
    ],
)
def test_a_configuration_of_a_few_kilobytes_takes_no_gigabytes(tmp_path: Path, text: str) -> None:
    """The parser of the standard library takes three for the first one."""
    (tmp_path / "dagprof.toml").write_text(text)
    with pytest.raises(UsageError, match=r"Cannot read .*/dagprof\.toml \("):
        settings.load({}, environment={}, start=tmp_path)

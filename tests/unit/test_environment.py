"""What a Run says of its surroundings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dagprof.link.target import Target
from dagprof.measure.conditions.environment import about_bytecode
from dagprof.measure.site import below_root

from .builders import file, trace


@pytest.mark.parametrize(
    ("is_off", "recompiled_ms", "text"),
    [
        ("", 1.0, ""),
        ("1", 0.0, "each parse recompiles modules. Unset PYTHONDONTWRITEBYTECODE"),
        ("1", 50.0, "recompiles modules (50% of the traced parse time). Unset"),
        ("1", 50.0, "run `python -m compileall` on the package folder."),
        ("", 50.0, "Each parse recompiles modules (50% of the traced parse time), because"),
    ],
)
def test_recompiling_is_noted_with_its_share(is_off: str, recompiled_ms: float, text: str) -> None:
    target = SimpleNamespace(environment={"PYTHONDONTWRITEBYTECODE": is_off})
    files = [file("a.py", 100.0, trace=trace(recompiled_ms=recompiled_ms)), file("b.py", 9.0)]
    found = about_bytecode(cast(Target, target), files)
    assert [doubt.code for doubt in found] == (["no-bytecode"] if text else [])
    assert all(text in doubt.text for doubt in found)


def test_paths_of_a_scan_are_relative_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "etl").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "etl")
    assert below_root([tmp_path, tmp_path / "etl" / "a.py", tmp_path / "link"], tmp_path) == (
        ".",
        "etl/a.py",
        "etl",
    )

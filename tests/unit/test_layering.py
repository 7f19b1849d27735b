"""What a survey of shared packages makes of its rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagprof.probe.processes.before import layering


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        ([[5, 5, 5], [6, 6, 6], [7, 7, 7]], [6, 6, 6]),
        ([[1, 100, 1, 1], [1, 1, 100, 1], [100, 1, 1, 1]], [1, 100, 1, 1]),
        ([[1, 2, 3], [1, 2]], [1, 2]),
        ([[]], []),
    ],
)
def test_a_large_collection_counts_once(rounds: list[list[int]], expected: list[int]) -> None:
    assert layering._typical(rounds) == expected


def test_tracing_makes_imports_slower_but_not_much() -> None:
    def costs(wall_ns: int) -> float:
        traced = {"own_ns": {"a": 600, "b": 300}, "collections": {"a": 1}, "took_ns": [100]}
        found = layering._costs([traced] * 3, {"wall_ns": wall_ns, "cpu_ns": 500})
        return found["own_ns"]["a"] / 600

    assert costs(970) == pytest.approx(0.97)
    assert costs(500) == pytest.approx(0.93)  # a disturbed round, not the tracer
    assert costs(2000) == pytest.approx(1.02)


def test_what_a_name_loads_counts_for_it_also_if_another_name_loaded_it_before(
    tmp_path: Path,
) -> None:
    (tmp_path / "lower.py").write_text("import time\ntime.sleep(0.05)\n")
    (tmp_path / "upper").mkdir()
    (tmp_path / "upper" / "__init__.py").write_text("import time\ntime.sleep(0.03)\n")
    (tmp_path / "upper" / "part.py").write_text("from lower import time\nthing = 1\n")
    (tmp_path / "other.py").write_text("")
    code = (
        "import json\n"
        "from dagprof.probe.parsing.imports import recording\n"
        "with recording.Recording() as found:\n"
        "    import lower, other, upper.part\n"
        "names = ['lower', 'other', 'upper', 'upper.part', 'upper.part.thing']\n"
        "print(json.dumps(found.behind_ns(names)))\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(layering.__file__).parents[4])])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {name: ns / 1e6 for name, ns in json.loads(done.stdout).items()}
    assert found["lower"] >= 50
    assert found["other"] < 30 <= found["upper"]
    assert found["upper.part"] == found["upper.part.thing"]
    assert found["upper.part"] >= found["lower"] + found["upper"]

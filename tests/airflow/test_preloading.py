"""Packages that the DAG processor could import before it forks: real scans, with packages that the
test installs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import Scan, dag

from dagprof.analyse.fleet import Fleet
from dagprof.analyse.others.preloading import preload
from dagprof.model import Run
from dagprof.report import preloading

WAITS = "import time\nclass Wait:\n    def __class_getitem__(cls, s):\n        time.sleep(s)\nWait[0.1]\n"
THREAD = (
    "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages: slow, slow with a thread, and one that fails at the second
    import.
    """
    folder = tmp_path / "env" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "slowpack.py").write_text(WAITS + "VALUE = [0] * 1_000_000\n")
    (folder / "threadpack.py").write_text(WAITS + THREAD)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def scanned(scan: Scan, source: str) -> Run:
    files = {f"{name}.py": dag(name, source) for name in "abc"}
    return scan(files, depth="full", jobs=1)


def test_preloading_is_measured_in_both_states(scan: Scan, packages: Path) -> None:
    run = scanned(scan, "import slowpack\nNAME = slowpack.VALUE[0]\n")
    assert run.preloading is not None
    (package,) = run.preloading.packages
    assert (package.name, package.modules, package.is_safe) == ("slowpack", ("slowpack",), True)
    assert package.wall_ms > 90
    assert 7_000 < package.rss_kib < 12_000
    assert {file.path for file in run.preloading.files} == {"a.py", "b.py", "c.py"}
    assert all(70 < file.median_ms < 200 for file in run.preloading.files)
    found = preload(run, Fleet(run).plan())
    assert found is not None
    assert (found.files, found.measured) == (3, 3)
    assert 5_000 < found.parse_kib < 12_000
    assert preloading.lines(found) == (
        'import sys\n\nif {"dag-processor", "scheduler"} & set(sys.argv):\n'
        "    import slowpack  # noqa: F401\n"
    )


def test_a_package_that_leaves_a_thread_is_never_recommended(scan: Scan, packages: Path) -> None:
    run = scanned(scan, "import threadpack\nNAME = threadpack.Wait\n")
    assert run.preloading is not None
    (package,) = run.preloading.packages
    assert (package.threads, package.is_safe) == (1, False)
    assert run.preloading.files == ()
    assert preloading.unsafe(package) == (
        "Do not preload threadpack: the import of threadpack leaves behind 1 thread, which the"
        " forked parsing processes cannot use."
    )


def test_preloading_and_the_plan_compete(scan: Scan, packages: Path) -> None:
    """The plan removes the same import, so neither saves anything after the other."""
    run = scanned(scan, "import slowpack\n")
    plan = Fleet(run).plan()
    found = preload(run, plan)
    assert found is not None
    assert plan.before_ms - plan.after_ms > 200
    assert found.saving_ms > 200
    assert found.after_plan_ms < 30
    assert found.plan_after_ms < 60


def test_the_modules_are_not_loaded_for_other_parses(scan: Scan, packages: Path) -> None:
    run = scanned(scan, "import slowpack, sys\nNAME = slowpack.VALUE[0]\n")
    assert "slowpack" not in sys.modules
    assert all(file.parse_ms > 90 for file in run.files)

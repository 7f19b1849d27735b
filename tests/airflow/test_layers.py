"""Shared layers: what many files load is loaded once, and composed parses look like measured ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import TARGET, Scan, dag, result, write

import dagprof
from dagprof.config.settings import Depth, Settings
from dagprof.measure.rounds import Silent
from dagprof.measure.scan import scan as measure_scan
from dagprof.model import COMPOSED, FileResult, Measured, Run, Statement

WAIT = "import time\ntime.sleep({})\n"
# Looks at the loaded modules in a way that the text does not show.
LOADED = "getattr(__import__('sys'), 'modules')"
# Packages as installed ones are: they import each other, in circles, late, and by name.
INSTALLED = {
    "heavy/__init__.py": f"{WAIT.format(0.08)}from . import a\nfrom .b import value\n",
    "heavy/a.py": f"{WAIT.format(0.06)}import heavy.b\nimport light\n",
    "heavy/b.py": f"{WAIT.format(0.05)}import importlib\nimportlib.import_module('heavy.c')\nvalue = 1\n",
    "heavy/c.py": f"{WAIT.format(0.03)}from heavy import a\n",
    "heavy/late.py": WAIT.format(0.04),
    "light.py": f"{WAIT.format(0.04)}\ndef more():\n    import heavy.late\n    return heavy.late\n",
    "threads.py": f"{WAIT.format(0.05)}import threading\n"
    "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n",
    "rare.py": f"{WAIT.format(0.05)}import light\n",
    "broken.py": "raise ValueError('broken')\n",
}
OWN = {
    "dags/common/__init__.py": "",
    "dags/common/helper.py": f"{WAIT.format(0.03)}import light\n",
    # The first four that load the whole layer show how long it takes in a parse, and others check it.
    **{f"dags/a{number}.py": dag(f"a{number}", "import heavy\n") for number in range(4)},
    "dags/a_heavy.py": dag("a", "import heavy\n"),
    "dags/b_from.py": dag("b", "from heavy.b import value\n"),
    "dags/c_light.py": dag("c", "import light\n"),
    "dags/d_helper.py": dag("d", "from common import helper\nimport heavy\n"),
    "dags/e_late.py": dag("e", "import light\nlight.more()\n"),
    "dags/f_rare.py": dag("f", "import rare\nimport heavy.c\n"),
    "dags/g_threads.py": dag("g", "import threads\nimport light\n"),
    "dags/h_none.py": dag("h"),
    "dags/i_task.py": dag("i", "def task():\n    import heavy\n"),
    "dags/j_tried.py": dag("j", "try:\n    import broken\nexcept ValueError:\n    import light\n"),
    "dags/k_threads.py": dag("k", "import threads\n"),
    "dags/l_threads.py": dag("l", "import threads\n"),
    "dags/m_again.py": dag("m", f"\nimport light\ndel {LOADED}['light']\nimport light\n"),
    "dags/n_late.py": dag("n", "import heavy.late\n"),
    "dags/o_late.py": dag("o", "import heavy.late\n"),
    "dags/p_refuses.py": dag("p", f"assert 'heavy' not in {LOADED}\nimport heavy\n"),
}

# The waits of the shared packages that a file reaches, in ms: light has 40, heavy with its parts and
# light 260. Others are measured in the file.
COMPOSED_MS = {
    "a_heavy.py": 260,
    "b_from.py": 260,
    "c_light.py": 40,
    "d_helper.py": 260,
    "e_late.py": 260,
    "f_rare.py": 260,
    "g_threads.py": 40,
    "j_tried.py": 40,
    "m_again.py": 40,
    "n_late.py": 260,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same folder, measured in isolation and with layers."""
    folder = tmp_path_factory.mktemp("layers")
    write(folder / "site-packages", INSTALLED)
    write(folder, OWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder / "site-packages"))
        alone, layered = (
            dagprof.scan(
                folder / "dags",
                python=TARGET,
                repeat=2,
                jobs=1,
                depth="traced",
                isolation=isolation,
            )
            for isolation in ("strict", "layers")
        )
    return alone, layered


def loads(run: Run, file: FileResult) -> list[tuple[str, str, str, int]]:
    """The modules of a parse in order, each with the load around it and the line that loads it."""
    assert file.trace is not None
    found = file.trace.loads
    names = [run.modules[module].name for module in found.module]
    return [
        (
            names[place],
            names[found.parent[place]] if found.parent[place] >= 0 else "",
            run.modules[found.importer[place]].name if found.importer[place] >= 0 else "",
            found.line[place],
        )
        for place in range(len(names))
    ]


@pytest.mark.parametrize(
    "path", [name.removeprefix("dags/") for name in OWN if "common" not in name]
)
def test_a_composed_file_looks_like_a_measured_one(runs: tuple[Run, Run], path: str) -> None:
    alone, layered = runs
    one, other = result(alone, path), result(layered, path)
    assert other.status is one.status
    assert other.dag_ids == one.dag_ids
    assert loads(layered, other) == loads(alone, one)
    assert [(row.line, row.text) for row in statements(other)] == [
        (row.line, row.text) for row in statements(one)
    ]


@pytest.mark.parametrize(("path", "expected_ms"), COMPOSED_MS.items())
def test_the_waits_of_shared_packages_are_added(
    runs: tuple[Run, Run], path: str, expected_ms: float
) -> None:
    """A busy machine makes waits longer, never shorter."""
    file = result(runs[1], path)
    least_ms = 0.92 * expected_ms  # tracing makes imports slower, so dagprof scales the times
    assert least_ms <= file.composed_ms < 1.05 * expected_ms + 45
    assert file.own_ms > least_ms
    assert sum(row.wall_us for row in statements(file) if row.parent < 0) / 1000 > least_ms
    assert file.trace is not None
    outermost = zip(file.trace.loads.cumulative_us, file.trace.loads.parent, strict=True)
    assert sum(us for us, parent in outermost if parent < 0) / 1000 > least_ms
    assert file.samples.median("load_ms") > least_ms


def statements(file: FileResult) -> tuple[Statement, ...]:
    assert file.trace is not None
    return file.trace.statements


def test_only_what_can_be_shared_is_shared(runs: tuple[Run, Run]) -> None:
    found = runs[1].layers
    assert found is not None
    assert found.names == ("heavy", "light")
    assert ("threads", "leaves threads behind") in found.left_out
    composed = {file.path for file in runs[1].files if file.composed_ms}
    assert "a_heavy.py" in composed
    assert not composed & {"h_none.py", "i_task.py", "k_threads.py", "p_refuses.py"}
    assert composed >= {f"a{number}.py" for number in range(4)}
    assert found.files == len(composed)
    assert runs[0].layers is None
    assert not any(file.composed_ms for file in runs[0].files)


def test_some_files_are_checked_in_isolation(runs: tuple[Run, Run]) -> None:
    found = runs[1].layers
    assert found is not None
    assert len(found.checked) == 6
    for each in found.checked:
        assert each.composed_ms == pytest.approx(each.measured_ms, rel=0.3)
    (note,) = (doubt.text for doubt in runs[1].doubts if doubt.code == COMPOSED)
    assert note.startswith(f"dagprof composed {found.files} of 20 parse times")
    assert "6 files" in note


def test_the_layer_is_scaled_to_what_it_takes_in_a_parse(runs: tuple[Run, Run]) -> None:
    """The packages only wait, which takes as long in a survey as in a parse."""
    found = runs[1].layers
    assert found is not None
    assert found.calibrated == 6
    assert found.scale == pytest.approx(1.0, abs=0.08)


# Waits a quarter longer in a parse than in a survey, as code in a larger process may.
SLOWER_IN_A_PARSE = """import time, traceback
is_parse = any("dagbag" in frame.filename for frame in traceback.extract_stack())
time.sleep(0.5 if is_parse else 0.4)
"""


def test_packages_that_take_longer_in_a_parse_have_that_time(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site-packages", {"waits.py": SLOWER_IN_A_PARSE})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    files = {f"f{number}.py": dag(f"f{number}", "import waits\n") for number in range(12)}
    run = scan(files, isolation="layers", depth="traced")
    assert run.layers is not None
    assert run.layers.scale == pytest.approx(1.25, abs=0.06)
    composed = [file for file in run.files if file.composed_ms]
    assert len(composed) == 12
    for file in composed:
        assert file.composed_ms == pytest.approx(500, abs=24)
        assert file.trace is not None
        assert sum(file.trace.loads.self_us) / 1000 == pytest.approx(500, abs=40)
    for each in run.layers.checked:
        assert each.composed_ms == pytest.approx(each.measured_ms, rel=0.1)


class Remembers(Silent):
    """Keeps the last result of each file, as the journal does."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Measured] = {}

    def measured(self, measured: Measured, done: int) -> None:
        self.known[measured.result.path, measured.result.sha256] = measured


def test_an_interrupted_scan_keeps_its_composed_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site-packages", {"fine.py": WAIT.format(0.1)})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    files = {f"dags/f{number}.py": dag(f"f{number}", "import fine\n") for number in range(12)}
    write(tmp_path, files)
    settings = Settings(python=TARGET, depth=Depth.TRACED)

    def measure(remembers: Remembers, known: dict[tuple[str, str], Measured]) -> Run:
        return measure_scan(
            [str(tmp_path / "dags")],
            settings,
            version="1",
            environ=dict(os.environ),
            progress=remembers,
            known=known,
        )

    first = Remembers()
    whole = measure(first, {})
    assert all(file.composed_ms > 90 for file in whole.files)
    known = dict(list(first.known.items())[:11])
    again = measure(Remembers(), known)
    assert again.layers is None  # a single file needs no layer
    taken = {result.result.path: result.result for result in known.values()}
    kept = [file for file in again.files if file.path in taken]
    assert [file.composed_ms for file in kept] == [taken[file.path].composed_ms for file in kept]
    (left,) = (file for file in again.files if file.path not in taken)
    assert left.own_ms > 90
    assert not left.composed_ms
    (note,) = (doubt.text for doubt in again.doubts if doubt.code == COMPOSED)
    assert note.startswith("In the interrupted scan, dagprof composed 11 of 12 parse times from ")


def test_few_files_need_no_layer(scan: Scan) -> None:
    run = scan({"a.py": dag("a"), "b.py": dag("b")}, isolation="layers")
    assert run.layers is None
    assert [file.status.value for file in run.files] == ["ok", "ok"]


def test_modules_of_the_user_are_never_shared(scan: Scan) -> None:
    files = {f"f{number}.py": dag(f"f{number}", "import helper\n") for number in range(12)}
    run = scan({"helper.py": WAIT.format(0.08), **files}, isolation="layers", depth="traced")
    assert run.layers is None
    assert all(file.own_ms > 60 for file in run.files if file.path != "helper.py")


def test_the_layer_may_not_end_the_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that kills its process when it is imported is measured in isolation."""
    write(tmp_path, {"site-packages/kills.py": "import os\nos._exit(3)\n"})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    files = {f"dags/f{number}.py": dag(f"f{number}", "import kills\n") for number in range(10)}
    write(tmp_path, {**files, "dags/good.py": dag("good")})
    run = dagprof.scan(tmp_path / "dags", python=TARGET, repeat=1, isolation="layers")
    assert {file.path: file.status.value for file in run.files}["good.py"] == "ok"
    assert {file.status.value for file in run.files} == {"ok", "exited"}


def test_a_file_says_what_was_composed(runs: tuple[Run, Run]) -> None:
    file = result(runs[1], "a_heavy.py")
    (text,) = (doubt.text for doubt in file.doubts if doubt.code == COMPOSED)
    assert f"and {file.composed_ms:.0f} ms for imports of shared packages" in text


def test_composed_files_have_the_memory_of_their_packages(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path, {"site-packages/large.py": WAIT.format(0.06) + "VALUE = bytearray(40_000_000)\n"}
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    files = {f"f{number}.py": dag(f"f{number}", "import large\n") for number in range(10)}
    run = scan(files, isolation="layers", depth="traced")
    for file in run.files:
        assert file.composed_ms > 50
        assert 35_000 < file.samples.median("rss_growth_kib") < 50_000
        assert file.trace is not None
        assert [35_000 < row.grown_kib < 50_000 for row in file.trace.memory] == [True]


def test_experiments_on_composed_files_are_timed_with_the_layer(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a parse needs an import is tried without the layer: ``parts.second`` is an attribute
    of ``parts`` only if somebody imports it.
    """
    write(
        tmp_path / "site-packages",
        {
            "waits.py": WAIT.format(0.2),
            "parts/__init__.py": "",
            "parts/second.py": WAIT.format(0.1) + "VALUE = 1\n",
        },
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    unused, used = (
        "import waits\n",
        "import waits\nimport parts\nimport parts.second\nparts.second.VALUE\n",
    )
    files = {f"f{number}.py": dag(f"f{number}", unused) for number in range(10)}
    files |= {f"u{number}.py": dag(f"u{number}", used) for number in range(3)}
    run = scan(files, isolation="layers", depth="full", jobs=1)
    for file in run.files:
        experiments = {str(place): each for each in file.experiments for place in each.without}
        gone = experiments[f"{file.path}:1"]
        assert gone.is_composed
        assert gone.proved_ms == pytest.approx(200, rel=0.15)
        if file.path.startswith("u"):
            needed = experiments[f"{file.path}:3"]
            assert needed.need.value == "raises", needed
            assert not needed.is_composed


def test_a_file_that_loads_less_with_the_layer_ends_the_sharing(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site-packages", {"fine.py": WAIT.format(0.3), "other.py": WAIT.format(0.1)})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    looks = f"import other\nif 'fine' not in {LOADED}:\n    import fine\n"
    files = {f"f{number}.py": dag(f"f{number}", "import other, fine\n") for number in range(10)}
    run = scan({"a_looks.py": dag("a", looks), **files}, isolation="layers", depth="traced")
    assert run.layers is None
    assert all(file.own_ms > 350 for file in run.files)
    (note,) = (doubt.text for doubt in run.doubts if doubt.code == "not-shared")
    assert "imports fewer modules if the packages of other files are already imported" in note


def test_a_file_near_a_time_limit_is_parsed_in_isolation(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site-packages", {"waits.py": WAIT.format(0.4)})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "0.7")
    files = {f"f{number}.py": dag(f"f{number}", "import waits\n") for number in range(10)}
    late = "import time, waits\ntime.sleep(0.4)\n"
    run = scan({**files, "late.py": dag("late", late)}, isolation="layers", depth="traced")
    assert not any(file.composed_ms for file in run.files)
    assert result(run, "late.py").status.value == "timed-out"


# What a package does at import, and why it cannot be shared.
HARMFUL = {
    "setsenv": ("import os\nos.environ['TZ_X'] = '1'\n", "changes environment variables"),
    "setspath": ("import sys\nsys.path.append('/nowhere')\n", "changes sys.path"),
    "setscwd": ("import os\nos.chdir('/')\n", "changes the working directory"),
    "setslog": ("import logging\nlogging.root.setLevel(5)\n", "changes the root logger"),
    "setssignal": (
        "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\n",
        "changes signal handlers",
    ),
    "setsfilter": ("import warnings\nwarnings.simplefilter('error')\n", "changes warnings filters"),
    "setsbuiltin": ("import builtins\nbuiltins.extra = 1\n", "changes builtins"),
    "setsseed": ("import random\nrandom.seed(42)\n", "seeds the random numbers"),
    "process": (
        "import subprocess as s\nn = s.DEVNULL\ns.Popen(['sleep', '60'], 0, None, n, n, n)\n",
        "leaves processes behind",
    ),
    "fails": ("1 / 0\n", "ZeroDivisionError: division by zero"),
}


def test_packages_that_other_files_would_notice_are_not_shared(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site-packages", {f"{name}.py": text for name, (text, _) in HARMFUL.items()})
    write(tmp_path / "site-packages", {"fine.py": WAIT.format(0.08)})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    files = {
        f"{name}_{number}.py": dag(
            f"{name}_{number}", f"import random\nimport {name}\nimport fine\n"
        )
        for name in HARMFUL
        for number in range(3)
    }
    run = scan(files, isolation="layers", depth="traced")
    assert run.layers is not None
    assert run.layers.names == ("fine",)
    assert dict(run.layers.left_out) == {name: reason for name, (_, reason) in HARMFUL.items()}
    others = [file for file in run.files if not file.path.startswith("fails")]
    assert {file.status.value for file in others} == {"ok"}


def test_a_file_that_notices_the_layer_ends_the_sharing(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site-packages", {"fine.py": WAIT.format(0.08), "other.py": WAIT.format(0.08)})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    looks = f"NAME = 'x' if 'other' in {LOADED} else 'y'\nimport fine\nimport time\n"
    slow = dag("slow", f"{looks}time.sleep(0.3)\n").replace('"slow"', "NAME")
    files = {f"f{number}.py": dag(f"f{number}", "import other, fine\n") for number in range(10)}
    run = scan({**files, "slow.py": slow}, isolation="layers", depth="traced")
    assert result(run, "slow.py").dag_ids == ("y",)
    assert run.layers is None
    assert not any(file.composed_ms for file in run.files)
    (note,) = (doubt.text for doubt in run.doubts if doubt.code == "not-shared")
    assert (
        "slow.py creates different DAGs if the packages of other files are already imported" in note
    )


# What DAG files do before they import a package, so that the package must not be loaded yet.
NOTICING = {
    "modules": "import sys\nNAME = 'x' if 'fine' in sys.modules else 'y'\nimport fine\n",
    "alias": "import sys as s\nNAME = 'x' if 'fine' in s.modules else 'y'\nimport fine\n",
    "from": "from sys import modules\nNAME = 'x' if 'fine' in modules else 'y'\nimport fine\n",
    "helper": "import looking\nNAME = looking.NAME\nimport fine\n",
    "finder": """import sys
class Blocked:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "fine":
            raise ImportError(name)
sys.meta_path.insert(0, Blocked)
try:
    import fine
    NAME = "x"
except ImportError:
    NAME = "y"
""",
    "path": """import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "libs"))
import fine
NAME = fine.NAME
""",
    "environment": """import os
os.environ["FINE_NAME"] = "y"
import fine
NAME = fine.NAME
""",
    "thread": """import threading
thread = threading.Thread(target=__import__, args=("fine",))
thread.start()
thread.join()
NAME = "y"
""",
}
FINE = f"{WAIT.format(0.1)}import os\nNAME = os.environ.get('FINE_NAME', 'x')\n"


def test_a_file_that_can_notice_the_layer_is_measured_in_isolation(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are no reason to share nothing, even if the sample does not contain them."""
    write(tmp_path / "site-packages", {"fine.py": FINE})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site-packages"))
    files = {f"f{number:02}.py": dag(f"f{number}", "import fine\n") for number in range(10)}
    files |= {
        f"n_{name}.py": dag(name, text).replace(f'"{name}"', f'NAME + "_{name}"')
        for name, text in NOTICING.items()
    }
    files["looking.py"] = "import sys\nNAME = 'x' if 'fine' in sys.modules else 'y'\n"
    files["libs/fine.py"] = f"{WAIT.format(0.1)}NAME = 'y'\n"
    run = scan(files, isolation="layers", depth="traced")
    assert run.layers is not None
    assert run.layers.files == 10
    for name in NOTICING:
        file = result(run, f"n_{name}.py")
        assert (file.dag_ids, file.composed_ms) == ((f"y_{name}",), 0.0), name
        assert file.own_ms > 90 or name == "finder", name

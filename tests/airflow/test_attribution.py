"""What imports cost, who is to blame, what taking them out shows: real scans of small folders."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import generated
import pytest
from support import Scan, dag, result

import dagprof
from dagprof.analyse.fleet import FileView, Fleet
from dagprof.attribution.graph import ImportGraph
from dagprof.model import Experiment, FileResult, Need, Place

# Waiting modules: what they cost is known, whatever the neighbours do. They wait without a call that
# dagprof could propose to remove.
WAITS = """import time
value = 1
class Wait:
    def __class_getitem__(cls, seconds):
        time.sleep(seconds)
Wait[{}]
"""
HEAVY, LIGHT = WAITS.format(0.06), WAITS.format(0.03)
MARGIN_MS = 15.0


def place(text: str) -> Place:
    path, _, line = text.rpartition(":")
    return Place(file=path, line=int(line))


def view(run: dagprof.Run, path: str) -> FileView:
    return next(view for view in Fleet(run).views if view.path == path)


def saving_ms(run: dagprof.Run, path: str, *places: str) -> float:
    return view(run, path).estimated_ms([place(text) for text in places])


def trial(file: FileResult, *places: str) -> Experiment:
    """The experiment that took out exactly these."""
    wanted = {place(text) for text in places}
    return next(experiment for experiment in file.experiments if set(experiment.without) == wanted)


def sources(folder: generated.Folder, dag_files: Collection[str]) -> Mapping[str, str]:
    """The helpers and some of the DAG files."""
    return {
        path: "\n".join(line.text for line in lines) + "\n"
        for path, lines in folder.lines.items()
        if path in dag_files or path not in folder.dag_files
    }


def is_near(found_ms: float, true_ms: float) -> bool:
    """Whether a saving differs from none and from another module's; bench/savings.py measures
    its accuracy.
    """
    return found_ms == pytest.approx(true_ms, abs=max(2 * MARGIN_MS, 0.35 * true_ms))


def test_estimates_are_the_true_savings(scan: Scan) -> None:
    folder = generated.folder()
    run = scan(sources(folder, folder.dag_files))
    views = {view.path: view for view in Fleet(run).views}
    wrong = []
    asked = 0
    for path in folder.dag_files:
        sets = {(where,): true_ms for where, true_ms in folder.statements(path).items()}
        pairs = {pair.statements: pair.saving_ms for pair in folder.joints(path)}
        if path not in views:  # not worth a trace
            assert folder.parse_ms(path) <= 25
            continue
        for statements, true_ms in (*sets.items(), *pairs.items()):
            asked += 1
            found_ms = views[path].estimated_ms(
                [Place(file=file, line=line) for file, line in statements]
            )
            if not is_near(found_ms, true_ms):
                wrong.append((path, statements, true_ms, round(found_ms, 1)))
    assert len(wrong) <= 0.03 * asked, wrong  # a busy machine may disturb single traces


def test_dominators_agree_with_reachability(scan: Scan) -> None:
    lazily = (
        "try:\n    from airflow.sdk import DAG, task\nexcept ImportError:\n    from"
        " airflow.decorators import task\n"
    )
    files = sources(generated.folder(), ["lazy_3.py", "shared_5.py", "cycle_4.py"])
    run = scan({**files, "task.py": dag("t", lazily)})
    assert len(run.files) == 4
    for file in run.files:
        assert file.trace is not None
        graph = ImportGraph(file.trace, run.modules, run.import_sets)
        assert graph.saving_us([]) == 0
        for statement in graph.statements():
            assert graph.alone_us(statement) == graph.saving_us([statement])


def test_an_import_whose_loss_is_caught_is_needed(scan: Scan) -> None:
    """The DAGs stay the same without it, and the task would find another value."""
    source = dag(
        "a",
        """
        from heavy import value
        from light import value as other
        import helper
        try:
            LIMIT = value * 10
        except Exception:
            LIMIT = None
        DEFAULT = getattr(helper, "tool", None)

        def later(given: "other" = None):
            return other
        """,
    )
    files = {
        "heavy.py": HEAVY,
        "light.py": LIGHT,
        "more.py": LIGHT,
        "helper.py": "import more as tool\n",
        "a.py": source,
    }
    file = result(scan(files, depth="full", jobs=1), "a.py")
    assert trial(file, "a.py:2").need is Need.RAISES
    assert (
        trial(file, "a.py:2").reason == "a.py:6 uses value, and has a fallback if value is missing"
    )
    assert "a.py:9 uses tool" in trial(file, "helper.py:1").reason
    assert trial(file, "a.py:3").is_proof


def test_who_else_takes_an_imports_names_is_told(scan: Scan) -> None:
    """In tasks, which no parse runs."""
    files = {
        "heavy.py": HEAVY,
        "light.py": HEAVY,
        "common.py": "import heavy as tool\nimport light\n\ndef later():\n    return tool.value\n",
        "a.py": dag("a", "from common import *\n\ndef task():\n    return tool.value\n"),
        "b.py": dag("b", "import common\n\ndef task():\n    return common.later()\n"),
        "hinted.py": HEAVY,
        "c.py": dag(
            "c",
            "from __future__ import annotations\nimport hinted\n\ndef task(given: hinted.Type):"
            " ...\n",
        ),
    }
    run = scan(files, depth="full", jobs=1)
    mine = trial(result(run, "b.py"), "common.py:1")
    assert (mine.used_in, mine.is_unused) == ((place("a.py:4"),), False)
    assert trial(result(run, "b.py"), "common.py:2").is_unused
    assert trial(result(run, "c.py"), "c.py:2").in_hints
    changes = {str(change.place): change for change in Fleet(run).changes()}
    assert changes["c.py:2"].in_hints
    assert changes["common.py:1"].used_in == (place("a.py:4"),)
    assert changes["common.py:2"].is_unused


def test_what_tasks_reach_without_its_name_is_not_called_unused(scan: Scan) -> None:
    """Through an instance of a class that imports in its body, or through a package that carries
    a loaded module.
    """
    files = {
        "heavy.py": HEAVY,
        "pkg/__init__.py": "",
        "pkg/slow.py": HEAVY,
        "spare.py": HEAVY,
        "base.py": "class Loader:\n    import heavy\n\n\nimport pkg.slow\nimport spare\n",
        "a.py": dag(
            "a",
            """
            import pkg
            from base import Loader

            class Rows(Loader):
                def load(self):
                    return self.heavy.value, pkg.slow.value
            """,
        ),
    }
    file = result(scan(files, depth="full", jobs=1), "a.py")
    assert [trial(file, each).is_unused for each in ("base.py:2", "base.py:5", "base.py:6")] == [
        False,
        False,
        True,
    ]


def test_an_import_of_all_names_is_told(scan: Scan) -> None:
    files = {"heavy.py": HEAVY, "a.py": dag("a", "from heavy import *\nimport heavy\n")}
    run = scan(files, depth="full", jobs=1)
    assert [trial(result(run, "a.py"), each).has_star for each in ("a.py:1", "a.py:2")] == [
        True,
        False,
    ]


def test_a_shared_import_is_credited_to_no_importer(scan: Scan) -> None:
    run = scan(
        {
            "heavy.py": HEAVY,
            "helper.py": "import heavy\n",
            "a.py": dag("a", "import helper\nimport heavy\n"),
        },
        repeat=2,
    )
    assert saving_ms(run, "a.py", "a.py:1") < 2 * MARGIN_MS
    assert saving_ms(run, "a.py", "a.py:2") < 2 * MARGIN_MS
    assert saving_ms(run, "a.py", "helper.py:1") < 2 * MARGIN_MS
    assert saving_ms(run, "a.py", "a.py:1", "a.py:2") > 60 - 2 * MARGIN_MS
    # Neither is worth a step of its own; the plan takes them together.
    (step,) = Fleet(run).plan().steps
    assert {str(change.place) for change in step.changes} in (
        {"a.py:1", "a.py:2"},
        {"a.py:2", "helper.py:1"},
    )
    assert step.adds_ms > 60 - 2 * MARGIN_MS


def test_a_function_that_calls_import_itself_is_no_statement_at_the_top(scan: Scan) -> None:
    """As numpy's ``add_newdoc`` does, for whoever calls it."""
    helper = "def load(name):\n    return __import__(name, globals(), {}, ['part'])\n"
    source = dag("a", "import helper\nhelper.load('heavy')\n")
    run = scan({"heavy.py": HEAVY, "helper.py": helper, "a.py": source}, repeat=2, depth="traced")
    assert saving_ms(run, "a.py", "a.py:1") < 2 * MARGIN_MS
    assert saving_ms(run, "a.py", "helper.py:2") > 60 - 2 * MARGIN_MS


def test_experiments_tell_what_a_parse_needs(scan: Scan) -> None:
    source = dag(
        "a",
        """
        import heavy
        import raises
        import changes
        import light

        NAME = raises.value

        def later():
            return heavy, light.value
        """,
    ).replace("schedule=None)", "schedule=None, params={'n': len(__import__('sys').marked)})")
    files = {
        "heavy.py": HEAVY,
        "raises.py": LIGHT,
        "light.py": LIGHT,
        "changes.py": LIGHT + "import sys\nsys.marked = [*getattr(sys, 'marked', []), 1]\n",
        "a.py": "import sys\nsys.marked = [1]\n" + source,
    }
    run = scan(files, depth="full", jobs=1)
    file = result(run, "a.py")
    assert file.failures == ()
    verdicts = {
        str(e.without[0]).rpartition(":")[2]: (e.need, e.reason)
        for e in file.experiments
        if len(e.without) == 1
    }
    assert {line: need for line, (need, _) in verdicts.items()} == {
        "4": Need.NOT_NEEDED,
        "5": Need.RAISES,
        "6": Need.CHANGES_DAGS,
        "7": Need.NOT_NEEDED,
    }
    assert "NameError" in verdicts["5"][1]
    assert "a.py:9" in verdicts["5"][1]
    assert "params" in verdicts["6"][1]
    proof = trial(file, "a.py:4")
    assert proof.is_proof
    assert proof.proved_ms > 30  # a busy machine adds to it
    both = trial(file, "a.py:4", "a.py:7")
    assert both.is_proof
    assert both.proved_ms > 45  # a busy machine adds to it
    planned = {str(change.place) for step in Fleet(run).plan().steps for change in step.changes}
    assert planned == {"a.py:4", "a.py:7"}


def test_a_dag_that_is_gone_is_a_reason(scan: Scan) -> None:
    more = "try:\n    from more import value\nexcept NameError:\n    pass\n"
    source = (
        dag("a", more)
        + "\nif globals().get('value'):\n    with DAG('b', start_date=datetime.datetime(2024, 1,"
        " 1), schedule=None):\n        pass\n"
    )
    file = result(scan({"more.py": HEAVY, "a.py": source}, depth="full"), "a.py")
    found = trial(file, "a.py:2")
    assert (found.need, found.reason) == (
        Need.CHANGES_DAGS,
        "DAG b is missing if dagprof removes the code",
    )
    assert not found.is_proof


def test_imports_that_save_nothing_alone_are_proved_together(scan: Scan) -> None:
    source = dag("a", "import left\nimport right\n")
    helper = "import heavy\n"
    file = result(
        scan(
            {"heavy.py": HEAVY, "left.py": helper, "right.py": helper, "a.py": source}, depth="full"
        ),
        "a.py",
    )
    alone = trial(file, "a.py:1")
    assert alone.need is Need.NOT_NEEDED
    assert (
        alone.proved_ms < MARGIN_MS
    )  # timed only if a busy machine makes the small module look expensive
    together = next(e for e in file.experiments if len(e.without) > 1)
    assert together.is_proof
    assert together.proved_ms > 30  # a busy machine adds to it


def test_statements_that_need_one_another_are_not_taken_out_together(scan: Scan) -> None:
    either = """
        try:
            import left
        except NameError:
            pass
        import right
        import heavy

        import sys
        assert "left" in sys.modules or "right" in sys.modules
    """
    files = {"left.py": LIGHT, "right.py": LIGHT, "heavy.py": HEAVY, "a.py": dag("a", either)}
    file = result(scan(files, depth="full"), "a.py")
    assert {e.need for e in file.experiments if len(e.without) == 1} == {Need.NOT_NEEDED}
    (together,) = (e for e in file.experiments if len(e.without) > 1)
    assert together.is_proof
    assert len(together.without) == 2
    assert place("a.py:7") in together.without


def test_helpers_are_changed_in_memory_only(scan: Scan, tmp_path: Path) -> None:
    files = {
        "common/__init__.py": "",
        "common/frames.py": "import heavy\n\ndef frame():\n    return heavy.value\n",
        "heavy.py": HEAVY,
        "a.py": dag("a", "from common.frames import frame\n"),
    }
    run = scan(files, depth="full")
    found = trial(result(run, "a.py"), "common/frames.py:1")
    assert (found.need, found.is_proof) == (Need.NOT_NEEDED, True)
    assert found.proved_ms > 30  # a busy machine adds to it
    left = {
        str(path.relative_to(tmp_path / "dags"))
        for path in (tmp_path / "dags").rglob("*")
        if path.is_file()
    }
    assert left == set(files)
    text = (tmp_path / "dags/common/frames.py").read_bytes()
    assert (
        hashlib.sha256(text).digest() == hashlib.sha256(files["common/frames.py"].encode()).digest()
    )


def test_what_the_dags_do_not_show_is_a_caution(scan: Scan) -> None:
    files = {
        "sets_up.py": HEAVY + "import os\nos.environ['MY_SETTING'] = 'on'\n",
        "adds_path.py": LIGHT + "import sys\nsys.path.append('/nowhere/of/mine')\n",
        "harmless.py": LIGHT,
        "a.py": dag("a", "import sets_up\nimport adds_path\nimport harmless\n"),
    }
    file = result(scan(files, depth="full"), "a.py")
    assert any("MY_SETTING" in text for text in trial(file, "a.py:1").cautions)
    assert any(
        text.startswith("sys.path entry: /nowhere") for text in trial(file, "a.py:2").cautions
    )
    assert trial(file, "a.py:3").cautions == ()


def test_dags_that_differ_from_parse_to_parse_are_told(scan: Scan) -> None:
    source = dag("a", "import heavy\n").replace(
        "schedule=None)", "schedule=None, params={'now': str(datetime.datetime.now())})"
    )
    file = result(
        scan({"heavy.py": HEAVY, "a.py": source, "b.py": dag("b")}, depth="full", repeat=3), "a.py"
    )
    (unstable,) = file.instabilities
    assert unstable.dag_id == "a"
    assert "params" in unstable.field
    assert unstable.first != unstable.second
    # What differs anyway is not held against the import.
    assert trial(file, "a.py:1").need is Need.NOT_NEEDED


def test_stable_dags_are_stable(scan: Scan) -> None:
    assert result(scan({"b.py": dag("b")}, repeat=3), "b.py").instabilities == ()


def test_the_plan_takes_the_largest_first(scan: Scan) -> None:
    files = {
        "heavy.py": HEAVY,
        "light.py": LIGHT,
        "helper.py": "import light\n",
        "a.py": dag("a", "import heavy\nimport helper\n"),
        "b.py": dag("b", "import helper\n"),
        "c.py": dag("c", "import light\n"),
    }
    run = scan(files, depth="full", jobs=1, repeat=3)
    plan = Fleet(run).plan()
    places = [str(change.place) for step in plan.steps for change in step.changes]
    assert {"a.py:1", "c.py:1"} <= set(places)
    assert "helper.py:1" in places or {"a.py:2", "b.py:1"} <= set(places)
    assert plan.before_ms == pytest.approx(run.total_own_ms)
    assert plan.steps[0].adds_ms >= plan.steps[-1].adds_ms
    assert plan.before_ms - sum(step.adds_ms for step in plan.steps) == pytest.approx(plan.after_ms)
    assert plan.before_ms - plan.after_ms == pytest.approx(150, abs=8 * MARGIN_MS)
    assert plan.floor_ms <= plan.after_ms
    assert plan.files_faster == 3
    assert plan.steps[0].evidence == "proved"


def test_memory_is_that_of_the_statement(scan: Scan) -> None:
    big = "value = bytearray(30_000_000)\n"
    run = scan({"big.py": big, "light.py": LIGHT, "a.py": dag("a", "import light\nimport big\n")})
    trace = result(run, "a.py").trace
    assert trace is not None
    grown = {memory.line: memory.grown_kib for memory in trace.memory if memory.importer == -1}
    assert 25_000 < grown[2] < 45_000
    assert grown[1] < 10_000


def test_memory_is_proved_too(scan: Scan) -> None:
    big = HEAVY + "value = bytearray(30_000_000)\n"
    file = result(scan({"big.py": big, "a.py": dag("a", "import big\n")}, depth="full"), "a.py")
    assert sorted(trial(file, "a.py:1").memory_kib)[2] > 25_000


def test_calls_that_parsing_does_not_need_are_proved(scan: Scan) -> None:
    """In the DAG file, in a helper's class body, and kept in a name that only a task uses."""
    source = dag(
        "a",
        """
        import base
        import tools

        tools.init()
        FRAME = tools.fetch()
        LIMIT = tools.fetch()[0]
        time.sleep(0.05)
        SETTINGS = base.Settings

        def later():
            return FRAME
        """,
    ).replace("schedule=None)", "schedule=None, params={'n': LIMIT})")
    files = {
        "slow_init.py": HEAVY,
        "slow_fetch.py": LIGHT,
        "slow_base.py": HEAVY,
        "tools.py": """
def init():
    import slow_init

def fetch():
    import slow_fetch
    return [slow_fetch.value]

def prepare():
    import slow_base
""",
        "base.py": "import tools\n\nclass Settings:\n    if True:\n        tools.prepare()\n",
        "a.py": "import time\n" + source,
    }
    run = scan(files, depth="full", jobs=1)
    file = result(run, "a.py")
    assert file.failures == ()
    found = {str(e.without[0]): e for e in file.experiments if len(e.without) == 1 and e.called}
    assert {e.need for e in found.values()} == {Need.NOT_NEEDED}
    assert {where: (e.called, e.assigned, bool(e.kept)) for where, e in found.items()} == {
        "a.py:6": ("tools.init", (), False),
        "a.py:7": ("tools.fetch", ("FRAME",), False),
        "a.py:8": ("tools.fetch", ("LIMIT",), True),
        "a.py:9": ("time.sleep", (), False),
        "base.py:5": ("tools.prepare", (), False),
    }
    for where, least_ms in (("a.py:6", 30), ("a.py:9", 25), ("base.py:5", 30)):
        assert found[where].proved_ms > least_ms  # a busy machine adds to it
    plan = Fleet(run).plan()
    places = {str(change.place) for step in plan.steps for change in step.changes}
    assert {"a.py:6", "a.py:9"} <= places
    assert places & {"base.py:5", "tools.py:10"}  # the call, or the import that it runs
    assert plan.after_ms < plan.before_ms - 100


def test_an_import_that_only_an_unneeded_call_uses_can_go_with_it(scan: Scan) -> None:
    files = {
        "slow_part.py": HEAVY,
        "library.py": WAITS.format(0.06) + "\n\ndef init():\n    import slow_part\n",
        "a.py": dag("a", "import library\n\nlibrary.init()\n"),
    }
    run = scan(files, depth="full", jobs=1)
    file = result(run, "a.py")
    assert trial(file, "a.py:1").need is Need.RAISES
    assert trial(file, "a.py:3").is_proof
    assert trial(file, "a.py:1", "a.py:3").is_proof
    steps = Fleet(run).plan().steps
    assert [str(change.place) for step in steps for change in step.changes] == ["a.py:3", "a.py:1"]


def test_a_call_whose_value_parsing_uses_gets_its_value_from_another_parse(scan: Scan) -> None:
    source = dag("a", "import tools\nLIMIT = tools.fetch()\n").replace(
        "schedule=None)", "schedule=None, params={'n': LIMIT})"
    )
    files = {
        "slow.py": HEAVY,
        "tools.py": "def fetch():\n    import slow\n    return slow.value\n",
        "a.py": source,
    }
    file = result(scan(files, depth="full", jobs=1), "a.py")
    found = trial(file, "a.py:2")
    assert (found.need, found.called, found.kept) == (
        Need.NOT_NEEDED,
        "tools.fetch",
        found.without,
    )
    assert found.reason == "a.py:7"
    assert found.proved_ms > 30  # a busy machine adds to it

"""The sampled call tree of files that wait and work for known times, by the probe on its own."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import TARGET

import dagprof

PROBE = Path(dagprof.__file__).parent / "probe" / "__main__.py"
SAMPLED = """
import importlib.machinery, importlib.util, json, runpy, sys
runpy.run_path({probe!r})["_load_package"]()
from _dagprof_probe.parsing import stacks
profiler = {profiler}(interval=stacks.INTERVAL_S, async_mode="disabled")
sys.modules["pyinstrument.stack_sampler"].timing_overhead = lambda: {{"walltime": 0.001}}  # as on a busy machine
if {file!r}.endswith(".zip"):
    sys.path.insert(0, {file!r})
    load, argument = __import__, "member"
else:
    loader = importlib.machinery.SourceFileLoader("dag_file", {file!r})
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("dag_file", loader))
    load, argument = loader.exec_module, module
profiler.start()
try:
    load(argument)
finally:
    profiler.stop()
print(json.dumps(stacks.tree(profiler, {dag_file!r})))
"""
SPIN = """\
import time
def spin(ms):
    end = time.perf_counter() + ms / 1000
    while time.perf_counter() < end:
        pass
"""

Node = dict[str, Any]
Sampled = Callable[..., Node]


def _package() -> Path:
    spec = importlib.util.find_spec("pyinstrument")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture(params=["compiled", "in Python, by path"])
def sampled(request: pytest.FixtureRequest, tmp_path: Path) -> Sampled:
    """``sampled(source)`` runs a file under the sampler and returns the node of its module."""
    profiler = f"stacks.load_profiler({str(_package())!r})"
    if request.param != "compiled":
        shutil.copytree(
            _package(),
            tmp_path / "pyinstrument",
            ignore=shutil.ignore_patterns("*.so", "__pycache__"),
        )
        profiler = f"stacks._load_from({str(tmp_path / 'pyinstrument')!r}).Profiler"

    def run(source: str, name: str = "slow.py", knows_file: bool = True) -> Node:
        file = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("member.py", SPIN + textwrap.dedent(source))
        else:
            file.write_text(SPIN + textwrap.dedent(source), encoding="utf-8")
        code = SAMPLED.format(
            probe=str(PROBE),
            profiler=profiler,
            file=str(file),
            dag_file=str(file) if knows_file else "",
        )
        done = subprocess.run(
            [TARGET, "-B", "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        found: Node = json.loads(done.stdout)
        assert (found["function"], found["file"], found["line"]) == ("parse", "", 0)
        return only(found, "<module>")

    return run


def only(node: Node, function: str) -> Node:
    """The one child of this name."""
    found: list[Node] = [child for child in node["children"] if child["function"] == function]
    assert len(found) == 1
    return found[0]


def statements(node: Node) -> list[Node]:
    """The children that are statements."""
    return [child for child in node["children"] if child["function"] == "<statement>"]


def lines(node: Node) -> list[int]:
    """Their lines, in the order of the children."""
    return [child["line"] for child in statements(node)]


def at(node: Node, *path: int) -> Node:
    """The statement at the end of a path of lines."""
    for line in path:
        (node,) = [child for child in statements(node) if child["line"] == line]
    return node


def ms(node: Node) -> float:
    return float(node["wall_ms"])


def functions(node: Node) -> set[str]:
    return {node["function"]}.union(*(functions(child) for child in node["children"]))


def test_time_belongs_to_the_statement_that_takes_it(sampled: Sampled) -> None:
    module = sampled("""
        spin(120)
        with open(__file__):
            spin(60)
        time.sleep(0.06)
    """)
    assert lines(module) == [7, 8, 10]
    assert [child["line"] for child in at(module, 8)["children"]] == [9]
    assert all(child["file"] == module["file"] for child in module["children"])
    shares = [ms(at(module, *path)) / ms(module) for path in ((7,), (8,), (8, 9), (10,))]
    assert shares == pytest.approx([0.5, 0.25, 0.25, 0.25], abs=0.2)
    assert ms(only(at(module, 7), "spin")) >= 0.8 * ms(at(module, 7))
    assert (only(at(module, 7), "spin")["line"], only(at(module, 10), "sleep")["file"]) == (
        2,
        "<built-in>",
    )


def test_statements_of_all_blocks(sampled: Sampled) -> None:
    module = sampled("""
        def slow(function): spin(20)
        def later(): spin(20)
        spin(
            20 + sum(
                n for n in [0]),
        )
        if spin(20):
            pass
        elif spin(20) is None:
            for _ in range(2):
                spin(10); spin(10)
        try:
            raise ValueError(spin(20))
        except ValueError:
            spin(20)
        finally:
            spin(20)
        @slow
        def decorated():
            pass
        class Body:
            spin(20)
        [spin(ms) for ms in (10, 10)]
        later()
    """)
    assert lines(module) == [9, 13, 18, 25, 27, 29, 30]
    assert [lines(at(module, 13)), lines(at(module, 18))] == [[15], [19, 21, 23]]
    assert ms(at(module, 13, 15, 16, 17)) == pytest.approx(40, abs=35)
    assert {"slow", "spin"} <= functions(at(module, 25))
    assert {"Body", "spin"} <= functions(at(module, 27))
    assert {"later", "spin"} <= functions(at(module, 30))
    assert lines(only(at(module, 30), "later")) == []
    assert "spin" in functions(at(module, 29))


def test_repeated_calls_are_one_node(sampled: Sampled) -> None:
    module = sampled("""
        def f(): spin(1)
        def g(): spin(1)
        for _ in range(40):
            f(); g()
    """)
    inner = at(module, 9, 10)
    assert [child["function"] for child in inner["children"]] == ["f", "g"]
    assert (
        0.1 < ms(only(inner, "f")) / ms(inner) < 0.9
    )  # a busy machine stops either for longer than it runs


def test_little_is_left_out_and_counts_for_its_caller(sampled: Sampled) -> None:
    module = sampled("spin(1500)\ndef short(): spin(0.5)\nshort()\n")
    assert lines(module) == [6]
    assert all(ms(child) >= 15 for child in module["children"])


def test_imports_stand_below_their_statement_without_the_machinery(
    sampled: Sampled, tmp_path: Path
) -> None:
    (tmp_path / "helper_of_stacks.py").write_text(
        "import time\ntime.sleep(0.05)\n", encoding="utf-8"
    )
    module = sampled(f"""
        import sys; sys.path.insert(0, {str(tmp_path)!r})
        import helper_of_stacks
    """)
    helper = only(at(module, 8), "<module>")
    assert helper["file"] == str(tmp_path / "helper_of_stacks.py")
    assert [child["function"] for child in helper["children"]] == ["sleep"]


def test_members_of_an_archive(sampled: Sampled) -> None:
    module = sampled("spin(60)\nwith open(__import__('os').devnull):\n    spin(60)\n", "dags.zip")
    assert module["file"].endswith("dags.zip/member.py")
    assert (lines(module), lines(at(module, 7))) == ([6, 7], [8])


def test_without_source_there_are_no_statements(sampled: Sampled) -> None:
    module = sampled("__import__('os').unlink(__file__)\nspin(60)\n")
    assert lines(module) == []
    assert ms(only(module, "spin")) >= 40


def test_without_the_file_there_are_no_statements(sampled: Sampled) -> None:
    assert lines(sampled("spin(40)\n", knows_file=False)) == []


def test_the_filters_of_the_file_are_not_asked_about_its_source(sampled: Sampled) -> None:
    module = sampled("import warnings; warnings.simplefilter('error')\nspin(40)\n'\\d'\n")
    assert 7 in lines(module)


def test_objects_of_the_file_are_not_asked_for_anything(sampled: Sampled) -> None:
    module = sampled("""
        class Frame:
            def __bool__(self):
                raise ValueError("ambiguous")
            def work(self):
                spin(40)
        Frame().work()
    """)
    assert "work" in functions(at(module, 12))


def test_deep_recursion_is_cut(sampled: Sampled) -> None:
    module = sampled("""
        def down(levels):
            return down(levels - 1) if levels else spin(60)
        down(800)
    """)
    node, levels = at(module, 9), 0
    while node["children"]:
        node, levels = only(node, "down"), levels + 1
    assert 150 < levels <= 200
    assert ms(node) >= 40


def test_a_thread_may_be_renamed(sampled: Sampled) -> None:
    module = sampled("""
        import threading
        threading.current_thread().name = "mine"
        spin(60)
    """)
    assert 9 in lines(module)

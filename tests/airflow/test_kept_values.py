"""Statements whose value parsing needs: real scans in which they get the value of another parse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import Scan, dag, result

from dagprof.analyse.fleet import Fleet
from dagprof.model import Experiment, FileResult, Need
from dagprof.report import changes

READ = "import time\n\ndef read(value=5):\n    time.sleep(0.05)\n    return value\n\n"


def kept(file: FileResult, where: str) -> Experiment:
    """The experiment with the statement at a line."""
    return next(e for e in file.experiments if [str(place) for place in e.without] == [where])


def tagged(before: str, tag: str) -> str:
    """A DAG file whose DAG has a tag that is computed."""
    return dag("a", before).replace("schedule=None)", f"schedule=None, tags=[str({tag})])")


@pytest.mark.parametrize(
    ("helper", "line", "tag"),
    [
        ("VALUE = read()", 7, "helper.VALUE"),
        pytest.param(
            "VALUES = {key: read(key) for key in range(2)}",
            7,
            "helper.VALUES[1]",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            "class Settings:\n    LIMIT = 1\n    VALUE = read()",
            9,
            "helper.Settings.VALUE",
            marks=pytest.mark.thorough,
        ),
        ("def use(value=read()):\n    return value", 7, "helper.use()"),
        pytest.param(
            "def use(*, value=read()):\n    return value",
            7,
            "helper.use()",
            marks=pytest.mark.thorough,
        ),
        (
            (
                "def named(value):\n    return lambda function: value\n\n"
                "@named(read())\ndef use():\n    pass"
            ),
            11,
            "helper.use",
        ),
        pytest.param(
            "if read() == 5:\n    VALUE = 6", 7, "helper.VALUE", marks=pytest.mark.thorough
        ),
        pytest.param(
            "for VALUE in [read()]:\n    pass", 7, "helper.VALUE", marks=pytest.mark.thorough
        ),
        pytest.param("VALUE = 1\nVALUE += read()", 8, "helper.VALUE", marks=pytest.mark.thorough),
    ],
)
def test_a_value_that_parsing_needs_is_kept(scan: Scan, helper: str, line: int, tag: str) -> None:
    files = {"helper.py": READ + helper + "\n", "a.py": tagged("import helper\n", tag)}
    file = result(scan(files, depth="full", jobs=1), "a.py")
    found = kept(file, f"helper.py:{line}")
    assert (found.need, found.kept) == (Need.NOT_NEEDED, found.without), found.reason
    assert found.proved_ms > 25  # a busy machine adds to it


def test_the_plan_says_where_parsing_needs_the_value(scan: Scan) -> None:
    files = {
        "helper.py": READ + "VALUE = read()\n",
        "a.py": tagged("import helper\n", "helper.VALUE"),
    }
    run = scan(files, depth="full", jobs=1)
    step = Fleet(run).plan().steps[0]
    assert [str(change.place) for change in step.changes] == ["helper.py:7"]
    assert changes.instruction(step) == (
        "Parsing needs the value of VALUE (needed at a.py:6). But not every parse needs to call"
        " read. In a task or during deployment, write the result to a file. Read this file during"
        " parsing."
    )


def test_a_kept_value_starts_no_program_and_opens_no_file(scan: Scan, tmp_path: Path) -> None:
    """The file counts the parses that run its program. The fork that records runs it too."""
    log = tmp_path / "log"
    helper = f"""
import os, subprocess
def ask():
    found = subprocess.run(["sh", "-c", "sleep 0.05; echo 5"], stdout=subprocess.PIPE).stdout
    with open({str(log)!r}, "a") as stream:
        stream.write("%d\\n" % os.getpid())
    return found
OUTPUT = ask()
with open({str(log)!r}, "a") as stream:
    stream.write("parsed\\n")
"""
    files = {"helper.py": helper, "a.py": tagged("import helper\n", "helper.OUTPUT")}
    file = result(scan(files, depth="full", jobs=1), "a.py")
    found = kept(file, "helper.py:8")
    assert (found.need, found.kept) == (Need.NOT_NEEDED, found.without)
    lines = log.read_text().splitlines()
    programs = sum(line != "parsed" for line in lines)
    # The parses that count leave out the program; each of them follows a fork that did not.
    assert lines.count("parsed") > programs


def test_a_value_that_no_pickle_holds_is_reported(scan: Scan) -> None:
    helper = (
        READ
        + "import threading\n\ndef lock():\n    read()\n    return threading.Lock()\n\nLOCK = lock()\n"
    )
    files = {"helper.py": helper, "a.py": tagged("import helper\n", "helper.LOCK.locked()")}
    file = result(scan(files, depth="full", jobs=1), "a.py")
    found = kept(file, "helper.py:13")
    assert (found.need, found.kept) == (Need.RAISES, ())
    default = (
        READ
        + "import threading\n\ndef lock():\n    read()\n    return threading.Lock()\n\ndef use(lock=lock()):\n    return lock.locked()\n"
    )
    files = {"helper.py": default, "a.py": tagged("import helper\n", "helper.use()")}
    file = result(scan(files, depth="full", jobs=1), "a.py")
    found = kept(file, "helper.py:13")
    assert found.need is Need.UNKNOWN
    assert (
        found.reason
        == "dagprof cannot reuse the value at helper.py:13 (type lock) in another parse"
    )


def test_only_the_names_that_parsing_does_not_need_go(scan: Scan) -> None:
    files = {
        "parts/__init__.py": "",
        "parts/light.py": "VALUE = 1\n",
        "parts/slow.py": "import time\nclass Wait:\n    def __class_getitem__(cls, s):\n        time.sleep(s)\nWait[0.06]\n",
        "helper.py": "from parts import light, slow\n\nVALUE = light.VALUE\n\ndef use():\n    return slow\n",
        "a.py": tagged("import helper\n", "helper.VALUE"),
    }
    run = scan(files, depth="full", jobs=1)
    found = kept(result(run, "a.py"), "helper.py:1")
    assert (found.need, found.names) == (Need.NOT_NEEDED, ("slow",))
    assert found.proved_ms > 30
    step = Fleet(run).plan().steps[0]
    assert changes.instruction(step) == (
        "Move only slow from this import into the functions that use this name. Parsing needs the other names of this import."
    )


def test_the_same_call_in_several_files_is_one_step(scan: Scan) -> None:
    helper = "def init():\n    import slow_part\n    slow_part.done = True\n"
    slow = "import time\nclass Wait:\n    def __class_getitem__(cls, s):\n        time.sleep(s)\nWait[0.06]\n"
    files = {"helper.py": helper, "slow_part.py": slow}
    files |= {f"{name}.py": dag(name, "import helper\nhelper.init()\n") for name in "abc"}
    run = scan(files, depth="full", jobs=1)
    step = Fleet(run).plan().steps[0]
    assert {str(change.place) for change in step.changes} == {"a.py:2", "b.py:2", "c.py:2"}
    assert step.evidence == "proved"
    assert changes.instruction(step) == (
        "Parsing does not need the call to helper.init. Call helper.init only in tasks. The call"
        " loads 1 module (slow_part)."
    )


def test_the_statements_of_a_slow_helper_are_timed(scan: Scan) -> None:
    helper = READ + "FIRST = read()\nif FIRST:\n    read()\n"
    files = {
        "helper.py": helper,
        "quick.py": "VALUE = 1\n",
        "a.py": dag("a", "import helper, quick\n"),
    }
    run = scan(files, depth="traced")
    trace = result(run, "a.py").trace
    assert trace is not None
    (timed,) = trace.helpers
    assert run.modules[timed.module].name == "helper"
    took = {row.line: row.wall_us for row in timed.statements}
    assert took[7] > 45_000
    assert took[9] > 45_000
    assert [row.line for row in timed.statements if row.parent >= 0] == [9]
    assert json.dumps(sorted(took)) == "[1, 3, 7, 8, 9]"


def test_a_value_that_other_objects_share_gets_a_note(scan: Scan) -> None:
    """A stored copy does not follow the changes of the original."""
    helper = (
        READ
        + "REGISTRY = []\n\ndef registry():\n    read()\n    return REGISTRY\n\nSAME = registry()\n"
    )
    files = {"helper.py": helper, "a.py": tagged("import helper\n", "len(helper.SAME)")}
    found = kept(result(scan(files, depth="full", jobs=1), "a.py"), "helper.py:13")
    assert found.kept
    assert found.cautions == ("other objects that refer to the same list (helper.py:13)",)
    alone = READ + "def fresh():\n    read()\n    return [1]\n\nVALUE = fresh()\n"
    files = {"helper.py": alone, "a.py": tagged("import helper\n", "len(helper.VALUE)")}
    found = kept(result(scan(files, depth="full", jobs=1), "a.py"), "helper.py:11")
    assert found.kept
    assert found.cautions == ()


def test_a_class_with_a_metaclass_is_not_timed_inside(scan: Scan) -> None:
    """Its namespace may make names of everything that is read."""
    helper = (
        READ
        + """class Names(dict):
    def __missing__(self, name):
        if name.startswith("__"):
            raise KeyError(name)
        self[name] = name
        return name

class Meta(type):
    @classmethod
    def __prepare__(meta, name, bases):
        return Names()

class Colours(metaclass=Meta):
    RED
    GREEN

FIRST = read()
"""
    )
    files = {"helper.py": helper, "a.py": tagged("import helper\n", "helper.Colours.RED")}
    file = result(scan(files, depth="full", jobs=1), "a.py")
    assert not [doubt.text for doubt in file.doubts if "outcomes" in doubt.text]
    assert kept(file, "helper.py:23").need is Need.NOT_NEEDED

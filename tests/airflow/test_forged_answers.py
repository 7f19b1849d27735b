"""What a parse reports is in the DAG file's hands: whatever it is, it becomes that file's result,
and the files beside it are right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fuzzing.forging import forging_file, forging_plugin
from support import TARGET, Scan, dag, result, write

import dagprof
from dagprof.errors import DagprofError, MeasurementError
from dagprof.model import FileResult, Status
from dagprof.store import runs

REFUSED = ("cannot use the result of the parse", "The parsing process sent invalid data")
CLEAN = {"aa_clean.py": dag("aa_clean"), "zz_clean.py": dag("zz_clean")}
DEEP_STACK = """
node = facts["stack"]
for _ in range(500):
    node = {**node, "children": [node]}
facts["stack"] = node
"""
DEEP = '{"failures": [], "contents": {"d": ' + "[" * 900 + "]" * 900 + "}}"
# File: mode, change, whether it is in the second frame.
FORGED = {
    "accesses": ("timing", 'facts["accesses"] = [[1, 2]]', True),
    "no_failures": ("timing", 'del facts["failures"]', False),
    "sample_text": ("timing", 'facts["sample"]["load_ms"] = "soon"', False),
    "sample_huge": ("timing", 'facts["sample"]["cpu_ms"] = 10**400', False),
    "sample_nan": ("timing", 'facts["sample"]["load_ms"] = float("nan")', False),
    "waited": ("timing", 'facts["sample"]["queued_ms"] = 1e9', False),
    "no_json": ("timing", 'sent = "{{" * 3', False),
    "no_object": ("timing", 'sent = "7"', False),
    "deep_text": ("timing", 'sent = "[" * 100_000 + "]" * 100_000', False),
    "digits": ("timing", 'sent = "9" * 10_000', False),
    "deep_value": ("timing", f"sent = {DEEP!r}", False),
    "ending_list": ("timing", "sent = '{\"ending\": [1]}'", True),
    "ending_huge": ("timing", 'facts["ending"]["exit_ms"] = 10**400', True),
    "ending_text": ("timing", 'facts["accesses"] = "none"', True),
    "module": ("trace", 'facts["trace"]["edges"] = [[1, 9999, False, -1, 0, False, False]]', False),
    "columns": ("trace", 'facts["trace"]["loads"]["line"] = [1] * 77', False),
    "own_parent": ("trace", 'facts["trace"]["statements"][0][0] = 0', False),
    "no_parent": ("trace", 'facts["trace"]["statements"][0][0] = 9999', False),
    "past": ("trace", 'facts["trace"]["gc_ms"] = -1e300', False),
    "effects": ("trace", 'facts["effects"] = [{"kind": "process"}]', True),
    "deep_stack": (
        "stacks",
        DEEP_STACK,
        False,
    ),
    "stack_time": ("stacks", 'facts["stack"]["wall_ms"] = None', False),
}


def forging(*names: str) -> dict[str, str]:
    return {
        f"{name}.py": forging_file(name, mode, change, is_ending=is_ending)
        for name, (mode, change, is_ending) in FORGED.items()
        if name in names
    }


def told(file: FileResult) -> str:
    return " ".join([file.detail, *(doubt.text for doubt in file.doubts)])


def test_a_forged_answer_is_its_files_result(scan: Scan, tmp_path: Path) -> None:
    run = scan({**forging(*FORGED), **CLEAN}, depth="traced", stacks_from_ms=0.001)
    for name in CLEAN:
        clean = result(run, name)
        assert clean.status is Status.OK
        assert clean.trace is not None
        assert clean.stack is not None
        assert not {doubt.code for doubt in clean.doubts} - {"busy", "noisy"}
    for name, (mode, _, _) in FORGED.items():
        file = result(run, f"{name}.py")
        if mode == "timing":
            assert file.status is Status.EXITED, (name, told(file))
            assert any(reason in told(file) for reason in REFUSED), (name, told(file))
        else:
            assert file.status is Status.OK, name
            assert (file.trace is None, file.stack is None) == (
                mode == "trace",
                mode == "stacks",
            ), name
            assert "dagprof could not" in told(file), (name, told(file))
    runs.save(run, tmp_path / "run.json")
    assert dagprof.load(tmp_path / "run.json") == run
    dagprof.render_report(run, run)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("executable", 'facts["python"] = 3'),
        ("executable", 'facts["airflow"] = {"config": [1]}'),
        ("passed_over", 'facts["files"] = [1]'),
        ("passed_over", 'facts["files"] = ["/etc/passwd"]'),
        ("passed_over", 'facts["skipped"] = [["/x", "moon", ""]]'),
        ("has_collected", 'facts["modules"] = {}'),
        ("passed_over", 'self.send_raw(b"[" * 200_000)'),
        ("passed_over", 'self.send_raw(b"\\xff")'),
    ],
)
def test_a_plugin_that_changes_the_forking_processs_answers(
    scan: Scan, tmp_path: Path, field: str, change: str
) -> None:
    plugins = write(tmp_path / "plugins", {"p.py": forging_plugin(field, change)})
    with pytest.raises(MeasurementError, match="sent invalid data") as caught:
        scan(CLEAN, plugins=plugins)
    assert "pass an empty folder to --plugins" in str(caught.value)


def test_distributions_that_do_not_fit_are_left_out(scan: Scan, tmp_path: Path) -> None:
    plugins = write(
        tmp_path / "plugins", {"p.py": forging_plugin("owners", 'facts["owners"] = ["x"]')}
    )
    run = scan(CLEAN, plugins=plugins)
    assert [file.status for file in run.files] == [Status.OK] * 2
    assert "no-distributions" in {doubt.code for doubt in run.doubts}


def test_a_plugin_that_ends_the_process_while_it_lists_the_files(
    scan: Scan, tmp_path: Path
) -> None:
    end = "import os\nos._exit(3)"
    plugins = write(tmp_path / "plugins", {"p.py": forging_plugin("passed_over", end)})
    with pytest.raises(DagprofError, match="ended while listing the DAG files"):
        scan(CLEAN, plugins=plugins)


def test_an_experiment_with_forged_times_is_none(tmp_path: Path) -> None:
    """A parse that takes no time at all, without and with its imports."""
    change = 'facts["sample"] = {name: 0 for name in facts["sample"]}'
    files = {"a.py": "import slow\n" + forging_file("a", "timing", change)}
    files["slow.py"] = "import time\ntime.sleep(0.05)\n"
    write(tmp_path, files)
    options: dict[str, Any] = {"python": TARGET, "repeat": 1, "depth": "full"}
    (file,) = dagprof.scan(tmp_path, **options).files
    assert all(each.saving_ms == () for each in file.experiments)

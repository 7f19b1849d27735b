"""The process that is about to parse holds nothing but Airflow and the standard library."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from support import TARGET, dag, write

from dagprof.config import settings
from dagprof.link.messages.zygote import PreImported
from dagprof.link.processes.zygote import Zygote
from dagprof.link.starting import zygote_config
from dagprof.link.target import resolve
from dagprof.measure.site import scratch_folder

# What Airflow loads by itself before it starts a task is found out without the probe. The state of
# the processor is compared with a real one in test_live_state.py.
AIRFLOW_ALONE = """
import importlib, json, sys
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
json.dump(sorted(sys.modules), open({output!r}, "w"))
"""
WARM = ["airflow.sdk.execution_time.task_runner", "airflow.executors.local_executor"]
SHARED = [
    "airflow.dag_processing.dagbag",
    "airflow.models.dagbag",
    "airflow.serialization.serialized_objects",
]


def test_nothing_but_the_standard_library_is_added(tmp_path: Path) -> None:
    folder = write(tmp_path / "dags", {"a.py": dag("a")})
    in_force = settings.load(
        {"python": TARGET, "temperature": "warm"}, environment={}, start=tmp_path
    )
    with scratch_folder() as scratch:
        target = resolve(in_force, (folder,), scratch, os.environ)
        output = tmp_path / "alone.json"
        code = AIRFLOW_ALONE.format(modules=[*SHARED, *WARM], output=str(output))
        subprocess.run(
            [str(target.python), "-c", code],
            env=target.environment,
            check=True,
            capture_output=True,
        )
        with Zygote(target, zygote_config(target, in_force)) as zygote:
            zygote.wait_until_ready()
            zygote.ask({"op": "pre_import", "files": [], "with_folder": False}, PreImported)
            worker = zygote.fork_worker()
            request = {
                "op": "parse",
                "mode": "timing",
                "file": str(folder / "a.py"),
                "time_limit_s": 60,
                "list_modules": True,
            }
            worker.send(request)
            reply = worker.reply(90)
            worker.close()
    standard = set(json.loads(_standard_library(target.python)))
    alone = set(json.loads(output.read_text()))
    assert reply.result is not None
    added = {name for name in reply.result.modules_before if name not in alone}
    assert {name.partition(".")[0] for name in added} - standard - {"__main__"} == set()


def _standard_library(python: Path) -> str:
    code = """
import json, sys
if hasattr(sys, "stdlib_module_names"):
    names = set(sys.stdlib_module_names)
else:
    import pkgutil, sysconfig
    folder = sysconfig.get_path("stdlib")
    names = {module.name for module in pkgutil.iter_modules([folder, folder + "/lib-dynload"])}
    names |= set(sys.builtin_module_names)
print(json.dumps(sorted(names)))
"""
    return subprocess.run(
        [str(python), "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_the_parents_environment_leaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagprof

    monkeypatch.setenv("SET_BY_THE_USER", "yes")
    source = dag(
        "a", "import os, sys\nprint('PATHS', sys.path)\nprint('ENV', sorted(os.environ))\n"
    )
    run = dagprof.scan(write(tmp_path / "dags", {"a.py": source}), python=TARGET, repeat=1)
    text = run.files[0].stdout.text
    environment = text[text.index("ENV ") :]
    assert "SET_BY_THE_USER" in environment
    assert "DAGPROF" not in environment.replace("DAGPROF_TEST_TARGET_PYTHON", "")
    assert str(Path(dagprof.__file__).parent / "probe") not in text[text.index("PATHS ") :]

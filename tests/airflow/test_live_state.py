"""A parse starts in the same state as in Airflow's own processor after a round over the folder."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import live
import pytest
from support import TARGET, call, dag, write

# What may differ, and why. Everything else has to be equal.
SCRATCH = "results, logs and the database of a scan stay in its scratch folder"
DIFFERENCES = {
    "AIRFLOW_CONFIG": "an empty file, where there is no airflow.cfg",
    "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS": (
        "failures are shown with the line that raised them"
    ),
    "AIRFLOW__DATABASE__": SCRATCH,
    "AIRFLOW__LOGGING__": SCRATCH,
    "AIRFLOW__SCHEDULER__CHILD_PROCESS_LOG_DIRECTORY": SCRATCH,
    "AIRFLOW__WEBSERVER__CONFIG_FILE": SCRATCH,
    "AIRFLOW__SECRETS__BACKEND": "look-ups are answered here, without a network",
    "AIRFLOW__METRICS__": "a scan sends no metrics",
    "AIRFLOW__TRACES__": "a scan sends no traces",
}
# The number of frozen objects varies from start to start by as much, in Airflow's processor too.
FROZEN_SHARE = 0.05

RECORDER = """
    import gc

    _counts = gc.get_count()
    import json, logging, os, signal, sys

    def _name(handler):
        return getattr(handler, "__qualname__", None) or str(handler)

    with open(os.environ["STATE_RECORD"], "a") as _file:
        _file.write(
            json.dumps(
                {
                    "modules": sorted(sys.modules),
                    "path": sys.path,
                    "argv": sys.argv,
                    "flags": str(sys.flags),
                    "environment": {
                        name: value for name, value in os.environ.items() if name.startswith(("AIRFLOW", "_AIRFLOW", "PYTHON"))
                    },
                    "signals": {int(number): _name(signal.getsignal(number)) for number in signal.valid_signals()},
                    "root level": logging.getLogger().level,
                    "collector is on": gc.isenabled(),
                    "thresholds": gc.get_threshold(),
                    "counts": _counts,
                    "frozen": gc.get_freeze_count(),
                },
            )
            + "\\n"
        )
"""
HEAVY = "import sqlite3, wave, xml.dom.minidom\nVALUE = 1\n"
PLUGIN = """
    from airflow.plugins_manager import AirflowPlugin
    {imports}

    class State(AirflowPlugin):
        name = "state"
"""
FOLDERS = {
    "plain": {},
    "plugins folder with a heavy helper": {
        "plugins/heavy_helper.py": HEAVY,
        "plugins/state_plugin.py": PLUGIN.format(
            imports="import gc, heavy_helper; gc.set_threshold(5_000, 12, 12)"
        ),
    },
    "plugin from an entry point": {
        "site/state_entry.py": textwrap.dedent(
            PLUGIN.format(imports="import wave, xml.dom.minidom")
        ),
        "site/state_entry-1.0.dist-info/METADATA": (
            "Metadata-Version: 2.1\nName: state-entry\nVersion: 1.0\n"
        ),
        "site/state_entry-1.0.dist-info/entry_points.txt": (
            "[airflow.plugins]\nstate = state_entry:State\n"
        ),
    },
}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("migrated") / "home"
    live.migrate(home, live.environment(home, home / "dags"))
    return home


def folder(where: Path, files: Mapping[str, str]) -> Path:
    """A DAG folder with the recorder, a file that names airflow modules, and the files of a
    set-up.
    """
    others = dag("other", "from airflow.models.param import Param\n")
    return write(
        where, {"dags/recorder.py": dag("recorder", RECORDER), "dags/other.py": others, **files}
    )


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, object]:
    """Where two records differ, without what may."""
    found: dict[str, object] = {
        name: (theirs[name], ours[name])
        for name in (
            "path",
            "argv",
            "flags",
            "signals",
            "root level",
            "collector is on",
            "thresholds",
        )
        if theirs[name] != ours[name]
    }
    there, here = set(theirs["modules"]), set(ours["modules"])
    if there != here:
        found["modules"] = {"missing": sorted(there - here), "too many": sorted(here - there)}
    before, now = theirs["environment"], ours["environment"]
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name) and not name.startswith(tuple(DIFFERENCES)):
            found[name] = (before.get(name), now.get(name))
    if abs(theirs["frozen"] - ours["frozen"]) > FROZEN_SHARE * theirs["frozen"]:
        found["frozen"] = (theirs["frozen"], ours["frozen"])
    return found


@pytest.mark.parametrize("set_up", FOLDERS)
def test_a_parse_starts_as_in_the_real_processor(
    set_up: str, migrated: Path, tmp_path: Path
) -> None:
    where = folder(tmp_path, FOLDERS[set_up])
    home = tmp_path / "home"
    home.symlink_to(migrated)
    set_here = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(where / "plugins")}
    if (where / "site").exists():
        set_here["PYTHONPATH"] = str(where / "site")
    env = live.environment(home, where / "dags", STATE_RECORD=str(tmp_path / "theirs"), **set_here)
    log = tmp_path / "processor.log"
    with live.processor(live.command(), env, log) as process:
        *_, last = live.wait_for_lines(tmp_path / "theirs", 4, process, log)
    theirs = json.loads(last)

    done = call(
        *(
            "scan",
            str(where / "dags"),
            "--python",
            TARGET,
            "--depth",
            "quick",
            "--repeat",
            "1",
            "-q",
        ),
        cwd=tmp_path,
        **{**env, "STATE_RECORD": str(tmp_path / "ours")},
    )
    assert done.returncode == 0, done.stderr
    ours = json.loads((tmp_path / "ours").read_text().splitlines()[-1])
    assert differences(theirs, ours) == {}
    # No full collection is due at once, as in all but a few parses of the real processor; a plugin
    # may have set the thresholds. The count before it is the manager's, which is 0 to 11.
    _, middle, old = ours["counts"]
    assert middle <= ours["thresholds"][1] + 1
    assert old <= ours["thresholds"][2]


def test_the_list_of_differences_is_short() -> None:
    assert len(DIFFERENCES) <= 10
    assert all(DIFFERENCES.values())

"""A DAG file puts links or files in the place of dagprof's own files and folders. They lead to files of the
user, which stay as they are.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Scan, dag, result

from dagprof.model import Status

# What a DAG file may exchange, and the way to do it. ``scratch`` is the folder of all.
LINKS = {
    "home": "path = os.environ['AIRFLOW_HOME']",
    "configuration": "path = os.environ['AIRFLOW_CONFIG']",
    "scratch": "path = os.path.dirname(os.environ['AIRFLOW_CONFIG'])",
    "parse": (
        "path = os.path.dirname(os.environ['AIRFLOW_CONFIG'])\n"
        "path = os.path.dirname(path) if 'parse-' in path else path"
    ),
}
# The names in dagprof's folder exist where the link leads, with other content.
EXCHANGE = """
import os, shutil
{which}
theirs = {theirs!r}
if os.path.isfile(path):
    os.unlink(path)
    os.symlink(theirs + "/airflow.cfg", path)
else:
    shutil.rmtree(path)
    os.symlink(theirs, path)
"""
KILL = "import signal\nos.kill(os.getsid(0), signal.SIGKILL)\n"


def _users(folder: Path) -> dict[str, str]:
    """A folder of the user, with the names that dagprof uses."""
    files = {
        "airflow.cfg": "[core]\n",
        "notes.txt": "mine",
        "home/airflow.cfg": "[core]\nx = 1\n",
        "home/notes.txt": "mine too",
        "home/ada/thesis.txt": "all of it",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return files


@pytest.mark.parametrize(
    ("which", "kills", "isolation"),
    [
        ("home", "", "strict"),
        ("configuration", KILL, "strict"),
        ("scratch", "", "strict"),
        ("scratch", KILL, "strict"),
        pytest.param("parse", "", "spawn", marks=pytest.mark.thorough),
        pytest.param("parse", KILL, "spawn", marks=pytest.mark.thorough),
    ],
)
def test_files_behind_a_link_stay(
    scan: Scan, tmp_path: Path, which: str, kills: str, isolation: str
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    files = _users(theirs)
    code = EXCHANGE.format(which=LINKS[which], theirs=str(theirs)) + kills
    run = scan(
        {"aa.py": dag("aa"), "mm.py": dag("mm", code), "zz.py": dag("zz")},
        isolation=isolation,
        jobs=1,
        repeat=2,
        depth="quick",
        time_limit_s=90,
    )
    for name, text in files.items():
        assert (theirs / name).read_text() == text, name
    assert {result(run, path).status for path in ("aa.py", "zz.py")} == {Status.OK}


@pytest.mark.parametrize(
    ("kills", "isolation"),
    [(KILL, "strict"), pytest.param("", "spawn", marks=pytest.mark.thorough)],
)
def test_a_file_in_the_place_of_the_scratch_folder_hurts_no_other(
    scan: Scan, kills: str, isolation: str
) -> None:
    code = f"import os, shutil\n{LINKS['parse']}\nshutil.rmtree(path)\nopen(path, 'w').close()\n"
    run = scan(
        {"aa.py": dag("aa"), "mm.py": dag("mm", code + kills), "zz.py": dag("zz")},
        isolation=isolation,
        jobs=1,
        repeat=2,
        depth="quick",
        time_limit_s=90,
    )
    assert {result(run, path).status for path in ("aa.py", "zz.py")} == {Status.OK}

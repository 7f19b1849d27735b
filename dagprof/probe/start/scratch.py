"""Creates a home folder and an empty configuration file for Airflow in a scratch folder, if the
user has none.
"""

from __future__ import annotations

import os

from ..system import folders

# By the variable that leads there.
OURS = {"AIRFLOW_HOME": "home", "AIRFLOW_CONFIG": "airflow.cfg"}
# Of a scratch folder that is used again: unpacked plugins, the reference and databases that dagprof
# made, of which it knows checksums, and what it notes for itself.
_KEPT = (".", "plugins", "probe.log", "reference", "metadata-")


def ensure(scratch: str) -> None:
    """Make the scratch folder if a DAG file has removed it. If a file or a link is in its place,
    only that goes: the link leads to files that are not dagprof's.
    """
    if os.path.lexists(scratch) and (os.path.islink(scratch) or not os.path.isdir(scratch)):
        os.unlink(scratch)
    os.makedirs(scratch, exist_ok=True)


def furnish(folder: str, scratch: str) -> None:
    """Create in ``folder`` the files that dagprof created in ``scratch`` before user code ran."""
    os.makedirs(folder, exist_ok=True)
    for variable, name in OURS.items():
        if os.environ.get(variable) == os.path.join(scratch, name):
            path = os.path.join(folder, name)
            if variable == "AIRFLOW_HOME":
                os.mkdir(path)
            else:
                with open(path, "xb"):
                    pass


def renew(scratch: str) -> None:
    """Remove files of DAG files from a scratch folder that is used again."""
    ensure(scratch)
    for name in os.listdir(scratch):
        if name.startswith(_KEPT):
            continue
        path = os.path.join(scratch, name)
        try:
            os.unlink(path)
        except OSError:
            folders.remove(path)
    furnish(scratch, scratch)

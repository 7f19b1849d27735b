"""Writes examples/dags/packaged_dag.zip from the files beside this script.

The archive is the same on each machine: fixed times and modes, and no compression, whose result
depends on the zlib in use.
"""

import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("packaged_dag.py", "packaged_helpers/__init__.py", "packaged_helpers/names.py")

with zipfile.ZipFile(HERE.parent / "dags" / "packaged_dag.zip", "w") as archive:
    for name in FILES:
        entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
        entry.create_system = 3
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, (HERE / name).read_bytes())

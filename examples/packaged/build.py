"""Writes examples/dags/packaged_dag.zip from the files beside this script, alike on each machine."""

import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("packaged_dag.py", "packaged_helpers/__init__.py", "packaged_helpers/names.py")

with zipfile.ZipFile(HERE.parent / "dags" / "packaged_dag.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for name in FILES:
        entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, (HERE / name).read_bytes())

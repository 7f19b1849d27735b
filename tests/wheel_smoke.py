"""Run the installed ``dagprof`` command once on the example DAG files, like a user's first command.

    python -I tests/wheel_smoke.py

Exit code 0: the scan succeeded and wrote its Run. Tox's environment ``wheel`` starts this file;
pytest does not collect it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIME_LIMIT_S = 600


def main() -> int:
    """Return 0 if the installed package alone can scan examples/dags."""
    home = _installed_folder()
    with tempfile.TemporaryDirectory(prefix="dagprof-wheel-") as scratch:
        command = Path(sysconfig.get_path("scripts")) / "dagprof"
        reports = Path(scratch) / "reports"
        done = subprocess.run(
            [command, "scan", ROOT / "examples" / "dags", "--output-dir", reports],
            cwd=scratch,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdin=subprocess.DEVNULL,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        _require(
            done.returncode == 0, f"`dagprof scan` ended with exit code {done.returncode}, not 0"
        )
        run = reports / "run.json"
        _require(run.is_file(), f"`dagprof scan` left no {run.relative_to(scratch)}")
        _require(bool(json.loads(run.read_text(encoding="utf-8"))), "run.json is empty")
        written = ", ".join(sorted(path.name for path in reports.iterdir()))
    sys.stdout.write(f"The wheel works: {home.name} is installed, the scan wrote {written}.\n")
    return 0


def _installed_folder() -> Path:
    """Return the folder of the installed dagprof. It must be in the environment, and contain every
    file of the source tree's package.
    """
    spec = importlib.util.find_spec("dagprof")
    if spec is None or spec.origin is None:
        raise SystemExit("wheel_smoke: dagprof is not installed.")
    home = Path(spec.origin).resolve().parent
    installed = Path(sysconfig.get_path("purelib")).resolve()
    _require(home.parent == installed, f"dagprof was found at {home}, not in this environment")
    source = ROOT / "dagprof"
    wanted = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    missing = [
        str(path)
        for path in wanted
        if path.suffix not in {".pyc", ".pyo"} and not (home / path).is_file()
    ]
    _require(not missing, f"the wheel lacks {', '.join(missing)}")
    return home


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise SystemExit(f"wheel_smoke: {otherwise}.")


if __name__ == "__main__":
    raise SystemExit(main())

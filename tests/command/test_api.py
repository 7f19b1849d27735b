"""The Python API in a process of its own: the example of its page runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from support import TARGET, dag, write

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org")


def example() -> str:
    """The first block of code on the page."""
    block = re.search(
        r"(?:^(?: {4}.*)?\n)+",
        PAGE.read_text(encoding="utf-8").partition("import dagprof")[2],
        re.M,
    )
    assert block
    return "import dagprof\n" + textwrap.dedent(block[0])


def test_the_example_of_the_api_page_runs(tmp_path: Path) -> None:
    write(
        tmp_path / "dags",
        {"a.py": dag("a"), "slow.py": dag("slow", "import time\ntime.sleep(0.3)\n")},
    )
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run([*GIT, *arguments], cwd=tmp_path, check=True)
    write(tmp_path / "dags", {"a.py": dag("a", "import colorsys\n")})
    done = subprocess.run(
        [sys.executable, "-c", example() + "\nprint(len(run.files), slowest.path)"],
        cwd=tmp_path,
        env={**os.environ, "DAGPROF_PYTHON": TARGET},
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stdout.splitlines()
    assert told[-1] == "2 slow.py"
    assert all(re.fullmatch(r"slow\.py:2 \d+\.\d+ (proved|estimated)", line) for line in told[:-3])
    assert told[-3].startswith("No ")
    assert re.fullmatch("dags/a.py (unchanged|cannot tell)", told[-2])
    assert not (tmp_path / "reports").exists()

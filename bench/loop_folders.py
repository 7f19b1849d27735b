"""The generated folders of the benchmark of the parse loop."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

_DAG = '''"""A generated DAG file."""
import datetime
import os
import time

with open(os.environ.get("LOOP_STARTS", os.devnull), "a") as starts:
    starts.write("{name} %.6f\\n" % time.time())
from airflow import DAG

sum(number * number for number in range({steps}))
time.sleep({waits_s})
dag = DAG(
    "{name}",
    start_date=datetime.datetime(2024, 1, 1),
    schedule=None,
    description="{version}",
)
'''


@dataclass
class Folder:
    """A folder of DAG files. ``work`` has the steps and the waiting time of each file. ``settings``
    are Airflow's. The processor runs undisturbed for ``settling_s`` after the first round. Then
    ``edits`` files change one by one. All files look new ``last_s`` before the end; 0 for never.
    """

    path: Path
    work: dict[str, tuple[int, float]]
    edits: int
    settling_s: float
    last_s: float
    seconds: float
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return list(self.work)

    def write(self, name: str, version: str = "v0") -> None:
        """Write one file as a new file in the place of the old one, so that no parse reads half."""
        steps, waits_s = self.work[name]
        text = _DAG.format(name=name, steps=steps, waits_s=waits_s, version=version)
        new = self.path / f"{name}.new"
        new.write_text(text)
        os.replace(new, self.path / f"{name}.py")

    def write_all(self) -> None:
        """Write all files. Each file is a minute older than the one before."""
        self.path.mkdir(parents=True)
        for number, name in enumerate(self.work):
            self.write(name)
            old = (self.path / f"{name}.py").stat().st_mtime - 3600 - 60 * number
            os.utime(self.path / f"{name}.py", (old, old))


def few(path: Path) -> Folder:
    """Twelve files of 0.1 to 0.7 s: the processor waits most of the time."""
    work = {f"few_{n:02d}": (1_500_000 * (1 + n % 6), 0.0) for n in range(12)}
    return Folder(path, work, edits=12, settling_s=5, last_s=15, seconds=160)


def slow(path: Path) -> Folder:
    """One file that waits for 20 s, and eleven quick files."""
    work = {f"slow_{n:02d}": (1_000_000, 0.0) for n in range(11)}
    return Folder(
        path, {"slow_20s": (10_000, 20.0), **work}, edits=6, settling_s=110, last_s=0, seconds=235
    )


def heavy(path: Path) -> Folder:
    """Forty files of about a second: one process needs longer than the interval."""
    work = {f"heavy_{n:02d}": (10_000_000 + 2_000_000 * (n % 5), 0.0) for n in range(40)}
    return Folder(path, work, edits=30, settling_s=5, last_s=50, seconds=225)


def many(path: Path) -> Folder:
    """Six hundred quick files."""
    work = {f"many_{n:03d}": (200_000, 0.0) for n in range(600)}
    return Folder(path, work, edits=120, settling_s=1, last_s=0, seconds=235)


FOLDERS = {"few": few, "slow": slow, "heavy": heavy, "many": many}

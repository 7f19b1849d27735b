"""A measuring session: the DAG files below some paths, found once, each measured when it is
requested.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from dagprof.config.settings import Settings
from dagprof.link.target import existing, resolve
from dagprof.measure import environment, reference
from dagprof.measure.budget import Budget
from dagprof.measure.crew import Job
from dagprof.measure.site import Site, scratch_folder
from dagprof.model import SCHEMA_VERSION, FileResult, Reference, Run, Samples
from dagprof.passes import file


@contextlib.contextmanager
def opened(
    paths: Sequence[str], settings: Settings, environ: Mapping[str, str]
) -> Iterator[Session]:
    """A session with the DAG files below ``paths``; nothing is left of it afterwards.

    :raises UsageError: paths or settings are at fault, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported.
    """
    given = existing(tuple(paths))
    with (
        scratch_folder() as scratch,
        Site(resolve(settings, given, scratch, environ), settings, given) as site,
    ):
        yield Session(site)


class Session:
    """The files of one site, in ``files``, and a way to measure single ones. ``root`` is the
    bundle root. For one thread.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._is_prepared = False
        self.root = site.target.root
        self.files = site.discover()

    def measure(self, path: Path) -> FileResult:
        """One file, with the passes that the settings ask for. Positions in the result point
        nowhere.
        """
        self._prepare()
        limits = self._site.limits(len(self.files))
        job = Job(path, partial(file.measure, limits=limits))
        (measured,) = self._site.crew(limits, lines=1).do([job], Budget(None))
        return measured.result

    def surroundings(self, *, with_reference: bool) -> Run:
        """A Run without files: where and how the numbers are taken, and how fast the machine is if
        ``with_reference``.

        Without distributions and the state of the repository, which take time to find.
        """
        self._prepare()
        site = self._site
        timed = Samples()
        if with_reference:
            timed = reference.measure(
                site.zygotes, site.limits(1), site.target.scratch / "reference"
            )
        settings = msgspec.to_builtins(site.settings)
        return Run(
            schema_version=SCHEMA_VERSION,
            dagprof_version="",
            created_at="",
            root=str(self.root),
            wall_s=0.0,
            environment=environment.describe(site.target, site.zygotes.current, {}, (), None),
            settings={name: settings[name] for name in ("temperature", "isolation")},
            files=(),
            reference=Reference(version=reference.VERSION, samples=timed) if len(timed) else None,
        )

    def _prepare(self) -> None:
        if not self._is_prepared:
            self._site.pre_import(self.files)
            self._is_prepared = True

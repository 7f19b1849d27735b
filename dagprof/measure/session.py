"""A measuring session finds the DAG files below some paths once, and measures each file on
request.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from dagprof.config.settings import Settings
from dagprof.link.target import existing, resolve
from dagprof.measure.budget import Budget
from dagprof.measure.conditions import environment, reference
from dagprof.measure.crew import Job
from dagprof.measure.site import Site, scratch_folder
from dagprof.model import SCHEMA_VERSION, FileResult, Reference, Run, Samples
from dagprof.passes import file


@contextlib.contextmanager
def opened(
    paths: Sequence[str], settings: Settings, environ: Mapping[str, str]
) -> Iterator[Session]:
    """A session with the DAG files below ``paths``. It leaves nothing behind.

    :raises UsageError: paths or settings are wrong, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported.
    """
    given = existing(tuple(paths))
    with (
        scratch_folder() as scratch,
        Site(resolve(settings, given, scratch, environ), settings, given) as site,
    ):
        yield Session(site)


class Session:
    """The files of one site, in ``files``, and a way to measure single ones. ``root`` is the bundle
    root. Only one thread may use it.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._is_prepared = False
        self.root = site.target.root
        self.files = site.discover()

    def measure(self, path: Path) -> FileResult:
        """Measure one file with the passes of the settings. Positions in the result are not valid,
        because there is no Run.
        """
        self._prepare()
        limits = self._site.limits(len(self.files))
        job = Job(path, partial(file.measure, limits=limits))
        (measured,) = self._site.crew(lines=1).do([job], Budget(None))
        return measured.result

    def surroundings(self, *, with_reference: bool) -> Run:
        """A Run without files. It describes where and how the figures are taken, and with
        ``with_reference`` how fast the machine is.

        It omits distributions and the state of the repository, because they take time to find.
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

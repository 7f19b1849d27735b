"""DAG files as pytest items. dagprof's own processes parse each file; a failure is one sentence.

Under pytest-xdist, each worker has a separate session. The controller collects nothing, so the
controller starts no session.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from dagprof.config import settings as settings_module
from dagprof.errors import DagprofError, MeasurementError
from dagprof.link.target import existing
from dagprof.quantities import parse_duration_ms
from dagprof.report.escape import safe_lines, safe_text
from dagprof.store import runs
from dagprof.usecases import check
from dagprof.usecases.check import CheckRequest

ITEM = "dagprof"
_LONGEST = 2000
_Collected = list[pytest.Item | pytest.Collector]


def register(config: pytest.Config) -> None:
    """Check the options, and register the plugin that collects DAG files.

    :raises pytest.UsageError: a path, a duration or the baseline is invalid.
    """
    if isinstance(major := pytest.version_tuple[0], int) and major < 8:
        raise pytest.UsageError("--dagprof needs pytest 8 or newer.")
    try:
        plugin = DagFiles(config)
    except DagprofError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(plugin, "dagprof-items")
    config.add_cleanup(plugin.close)
    _collect_also(config, plugin.paths)


def _collect_also(config: pytest.Config, paths: list[Path]) -> None:
    """Add the paths to pytest's arguments, unless an argument already leads there or names
    something below them.
    """
    base = config.invocation_params.dir
    given = [Path(os.path.abspath(base / argument.partition("::")[0])) for argument in config.args]
    for path in paths:
        if not any(
            path == other or path in other.parents or other in path.parents for other in given
        ):
            config.args.append(str(path))


class DagFiles:
    """The plugin. It finds the DAG files when pytest first collects one of their folders, and keeps
    the session open until pytest ends.
    """

    def __init__(self, config: pytest.Config) -> None:
        options, base = config.option, config.invocation_params.dir
        self.paths = list(existing(tuple(str(base / path) for path in options.dagprof_paths)))
        self._request = CheckRequest(
            paths=tuple(str(path) for path in self.paths),
            # Only the times matter here; `dagprof explain` shows their causes.
            settings=settings_module.load(
                {"depth": "quick"}, environment=os.environ, start=config.rootpath
            ),
            environ=os.environ,
            baseline=(
                runs.load(base / options.dagprof_baseline) if options.dagprof_baseline else None
            ),
            budget_ms=parse_duration_ms(options.dagprof_budget) if options.dagprof_budget else None,
        )
        self._patterns: list[str] = config.getini("python_files")
        self._stack = contextlib.ExitStack()
        self._checking: check.Checking | None = None
        self._files: frozenset[Path] | None = None
        self._measures_nothing = False

    def close(self) -> None:
        """End the session; safe to call twice."""
        self._stack.close()

    @property
    def checking(self) -> check.Checking:
        """The session, started when it is first needed."""
        if self._checking is None:
            self._checking = self._stack.enter_context(check.opened(self._request))
        return self._checking

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, _Collected, _Collected]:
        """Add an item for a DAG file. A DAG file on the command line does not also become a test
        module.
        """
        collected = yield
        if not self._is_dag_file(file_path):
            return collected
        if not any(file_path.match(pattern) for pattern in self._patterns):
            collected = [node for node in collected if not isinstance(node, pytest.Module)]
        return [*collected, DagFile.from_parent(parent, path=file_path, plugin=self)]

    def _is_dag_file(self, path: Path) -> bool:
        if not any(folder == path or folder in path.parents for folder in self.paths):
            return False
        if self._files is None:
            # Report the reason once, for the folder that has the problem, and not for each file.
            self._files = frozenset()
            try:
                self._files = frozenset(self.checking.files)
            except DagprofError as error:
                self._measures_nothing = isinstance(error, MeasurementError)
                raise pytest.Collector.CollectError(safe_lines(str(error))) from None
        return path in self._files

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """If nothing can be measured, end with dagprof's own exit code for that. No failing test
        has that exit code.
        """
        if self._measures_nothing:
            session.exitstatus = MeasurementError.exit_code


class DagFile(pytest.File):
    """A DAG file in pytest's tree."""

    plugin: DagFiles

    @classmethod
    def from_parent(  # type: ignore[override]
        cls, parent: pytest.Collector, *, plugin: DagFiles, **kwargs: object
    ) -> DagFile:
        """Make a node as pytest requires, with the plugin that measures it."""
        node: DagFile = super().from_parent(parent, **kwargs)  # type: ignore[arg-type]
        node.plugin = plugin
        return node

    def collect(self) -> Iterator[pytest.Item]:
        """The file's one item."""
        yield DagParse.from_parent(self, name=ITEM)


class DagParse(pytest.Item):
    """The parse of one DAG file."""

    parent: DagFile

    def runtest(self) -> None:
        """Check the file. Problems fail the item; a file that cannot be checked skips it."""
        try:
            checked = self.parent.plugin.checking.check(self.path)
        except DagprofError as error:
            pytest.fail(safe_lines(str(error)), pytrace=False)
        self.user_properties.append(("parse_ms", round(checked.result.own_ms, 1)))
        if checked.broken:
            pytest.fail(safe_text(checked.broken, _LONGEST), pytrace=False)
        if checked.needs:
            needs = f"dagprof cannot check {checked.result.path}: {checked.needs}."
            pytest.skip(safe_text(needs, _LONGEST))
        if text := "\n".join(filter(None, checked.notes)):
            # pytest shows this section below the sentence for a file that is too slow.
            self.add_report_section("call", ITEM, safe_lines(text))
        if checked.too_slow:
            pytest.fail(safe_text(checked.too_slow, _LONGEST), pytrace=False)
        if checked.breaks:
            pytest.fail(safe_lines(checked.breaks), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The item's location and its name in reports."""
        return self.path, None, f"parse of {self.path.name}"

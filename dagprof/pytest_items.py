"""DAG files as pytest items: each is parsed by dagprof's own processes, and fails with one sentence.

Under pytest-xdist each worker has a session of its own; the controller collects nothing and so starts none.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from dagprof.analyse import comparison
from dagprof.config import policy
from dagprof.config import settings as settings_module
from dagprof.config.settings import Settings
from dagprof.errors import DagprofError, MeasurementError
from dagprof.gate import simple as gate
from dagprof.link.target import existing
from dagprof.measure import session as measuring
from dagprof.model import FileResult, Run
from dagprof.quantities import parse_duration_ms, parse_share
from dagprof.report.figures import duration
from dagprof.store import runs

ITEM = "dagprof"
_Collected = list[pytest.Item | pytest.Collector]


def register(config: pytest.Config) -> None:
    """Check what was asked for, and take part in the collection.

    :raises pytest.UsageError: a path, a duration or the baseline is at fault.
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
    """Add the paths to pytest's arguments, unless these lead there or name something below them."""
    base = config.invocation_params.dir
    given = [Path(os.path.abspath(base / argument.partition("::")[0])) for argument in config.args]
    for path in paths:
        if not any(path == other or path in other.parents or other in path.parents for other in given):
            config.args.append(str(path))


class Checks:
    """What a DAG file has to pass: it imports, it keeps its budget, it is not slower than in the baseline."""

    def __init__(
        self, budget_of: Callable[[str], float | None], baseline: Run | None, limits: comparison.Limits
    ) -> None:
        self._budget_of, self.baseline, self._limits = budget_of, baseline, limits
        self._before = {file.path: file for file in baseline.files} if baseline else {}

    def broken(self, result: FileResult) -> str:
        """Why the file gives no DAGs, or lacks some, in one sentence; empty if it gives them."""
        old = self._before.get(result.path)
        if not result.status.is_broken:
            lost = old is not None and result.has_lost_dags(old)
            return f"{result.path} gives no DAGs, but did in the baseline." if lost else ""
        places = [f"{os.path.relpath(failure.file)}:{failure.line}" for failure in result.failures[:1] if failure.line]
        where = f" ({places[0]})" if places else ""
        return f"{result.path} {result.missing(old)}: {result.why_no_dags.rstrip('.')}{where}."

    def too_slow(self, result: FileResult) -> str:
        """Why the file took too long, in one sentence; empty if it did not."""
        budget_ms = self._budget_of(result.path)
        if budget_ms is not None and result.own_ms > budget_ms:
            taken, over = duration(result.own_ms), duration(result.own_ms - budget_ms)
            return f"{result.path} takes {taken} to parse, {over} over its budget of {duration(budget_ms)}."
        change = self._change(result)
        if change is None or change.change is not comparison.Change.SLOWER:
            return ""
        share = change.difference_share
        more = duration(change.difference_ms) + (f" ({share:.0%})" if share is not None else "")
        now, before = duration(change.current_ms), duration(change.baseline_ms)
        return f"{result.path} takes {now} to parse, {more} more than the baseline's {before}."

    def open_question(self, result: FileResult) -> str:
        """Why it is inconclusive whether the file became slower; empty otherwise."""
        change = self._change(result)
        return gate.describe(change) if change is not None and change.change is comparison.Change.UNSURE else ""

    def _change(self, result: FileResult) -> comparison.FileChange | None:
        old = self._before.get(result.path)
        return comparison.compare_file(result.path, old, result, self._limits) if old else None


class DagFiles:
    """The plugin: finds the DAG files when pytest first comes near them, and keeps the session until pytest ends."""

    def __init__(self, config: pytest.Config) -> None:
        options, base = config.option, config.invocation_params.dir
        self.paths = list(existing(tuple(str(base / path) for path in options.dagprof_paths)))
        # Only times count here; what is behind them is what `dagprof explain` is for.
        self._settings = settings_module.load({"depth": "quick"}, environment=os.environ, start=config.rootpath)
        baseline = runs.load(base / options.dagprof_baseline) if options.dagprof_baseline else None
        self._budget_ms = parse_duration_ms(options.dagprof_budget) if options.dagprof_budget else None
        self.checks = Checks(self._budget_of, baseline, _limits(self._settings))
        self._patterns: list[str] = config.getini("python_files")
        self._stack = contextlib.ExitStack()
        self._session: measuring.Session | None = None
        self._files: frozenset[Path] | None = None
        self._measures_nothing = False

    def close(self) -> None:
        """End the session; safe to call twice."""
        self._stack.close()

    @property
    def session(self) -> measuring.Session:
        """The session, started when it is first needed."""
        if self._session is None:
            opened = measuring.opened([str(path) for path in self.paths], self._settings, os.environ)
            self._session = self._stack.enter_context(opened)
        return self._session

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> Generator[None, _Collected, _Collected]:
        """Add a DAG file's item; a DAG file named on the command line is not a test module for that."""
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
                self._files = frozenset(self.session.files)
            except DagprofError as error:
                self._measures_nothing = isinstance(error, MeasurementError)
                raise pytest.Collector.CollectError(str(error)) from None
        return path in self._files

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Where nothing can be measured, end with the command's own exit code for that, which no failing test has."""
        if self._measures_nothing:
            session.exitstatus = MeasurementError.exit_code

    def _budget_of(self, path: str) -> float | None:
        """The most that the file may take, in ms: the option's, else what the gate's configuration says about it."""
        if self._budget_ms is not None:
            return self._budget_ms
        settings = self._settings
        folders = settings_module.leading_folders(settings, self.session.root)
        limits = policy.limits_for(path, settings.gate, settings.overrides, folders=folders)
        if limits.budget is None or limits.rules[policy.Rule.BUDGET] is not policy.Level.ERROR:
            return None
        return parse_duration_ms(limits.budget)

    def warnings(self) -> list[str]:
        """What makes times hard to compare with those of the baseline."""
        baseline = self.checks.baseline
        if baseline is None:
            return []
        return list(comparison.environment_warnings(baseline.environment, self.session.environment()))


def _limits(settings: Settings) -> comparison.Limits:
    """The limits of ``dagprof scan --fail-on-regression`` as far as they are configured."""
    default = comparison.Limits()
    share = settings.fail_on_regression
    return comparison.Limits(
        relative=parse_share(share) if share else default.relative,
        absolute_ms=parse_duration_ms(settings.regression_floor),
    )


class DagFile(pytest.File):
    """A DAG file in pytest's tree."""

    plugin: DagFiles

    @classmethod
    def from_parent(cls, parent: pytest.Collector, *, plugin: DagFiles, **kwargs: object) -> DagFile:  # type: ignore[override]
        """pytest's way to make a node, with the plugin that measures it."""
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
        """Measure the file. One that took too long is measured once more, and has to be too slow both times."""
        plugin, checks = self.parent.plugin, self.parent.plugin.checks
        try:
            result = plugin.session.measure(self.path)
            if not result.status.is_failure and checks.too_slow(result):
                result = plugin.session.measure(self.path)
        except DagprofError as error:
            pytest.fail(str(error), pytrace=False)
        self.user_properties.append(("parse_ms", round(result.own_ms, 1)))
        if reason := checks.broken(result):
            pytest.fail(reason, pytrace=False)
        if result.unanswered:
            pytest.skip(f"{result.path} could not be checked: {result.what_it_needs}.")
        self._tell(result)
        if reason := checks.too_slow(result):
            pytest.fail(reason, pytrace=False)

    def _tell(self, result: FileResult) -> None:
        """Leave what pytest shows below the sentence of a file that is too slow."""
        plugin = self.parent.plugin
        notes = [*(doubt.text for doubt in result.doubts), plugin.checks.open_question(result), *plugin.warnings()]
        if text := "\n".join(filter(None, notes)):
            self.add_report_section("call", ITEM, text)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item is and what it is called in reports."""
        return self.path, None, f"parse of {self.path.name}"

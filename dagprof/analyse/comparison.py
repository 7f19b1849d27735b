"""Compares two Runs: the judgement of each file's parse time, and all other differences.

The compared parse times exclude the time that parses waited for a CPU. ``dagprof.judge.runs``
decides whether a change exceeds the noise. A file that now fails stops early and does not count as
faster. A file that was fixed does not count as slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dagprof.analyse.loads import depths
from dagprof.judge import runs, speeds
from dagprof.judge.judgement import Judgement, Limits, Outcome
from dagprof.model import Environment, FileResult, Frozen, Loads, Origin, Run, Status
from dagprof.quantities import count

SHOWN_IMPORTS = 10


class FileChange(Frozen, frozen=True):
    """One file in both Runs. The times are medians in ms, without the time that parses waited for a
    CPU. dagprof scales the times of the baseline to the machine speed of this Run.

    ``new_imports`` and ``gone_imports`` are packages, outermost first. Each tuple contains at most
    ``SHOWN_IMPORTS`` packages. ``more_new_imports`` and ``more_gone_imports`` count the remaining
    packages. If the file lost DAGs, ``missing`` is a phrase that follows the name of the file.
    """

    path: str
    outcome: Outcome
    baseline_ms: float
    current_ms: float
    reason: str = ""
    new_imports: tuple[str, ...] = ()
    gone_imports: tuple[str, ...] = ()
    more_new_imports: int = 0
    more_gone_imports: int = 0
    was_failing: bool = False
    is_failing: bool = False
    missing: str = ""

    @property
    def breaks(self) -> bool:
        """Whether the file lost some or all of its DAGs. A new file that fails also counts."""
        return bool(self.missing)

    @property
    def is_fixed(self) -> bool:
        """Whether the file produced no DAGs in the baseline and produces DAGs now."""
        return self.was_failing and not self.is_failing and self.outcome is not Outcome.GONE

    @property
    def difference_ms(self) -> float:
        """The current time minus the time of the baseline, in ms."""
        return self.current_ms - self.baseline_ms

    @property
    def difference_share(self) -> float | None:
        """The difference as a share of the baseline. None if the baseline has no time."""
        return self.difference_ms / self.baseline_ms if self.baseline_ms else None


class Comparison(Frozen, frozen=True):
    """All files of both Runs by path, and warnings about the comparison.

    ``factor`` compares the speed of two machines. ``factor`` is the time that the machine of this
    Run takes, divided by the time that the machine of the baseline takes for the same work. dagprof
    multiplies the times of the baseline by this factor.
    """

    files: tuple[FileChange, ...]
    baseline_total_ms: float
    current_total_ms: float
    warnings: tuple[str, ...] = ()
    factor: float = 1.0

    def of(self, *outcomes: Outcome) -> list[FileChange]:
        """The files with one of these outcomes. The file with the largest difference comes
        first.
        """
        found = [file for file in self.files if file.outcome in outcomes]
        return sorted(found, key=lambda file: -abs(file.difference_ms))

    @property
    def shared(self) -> int:
        """The number of files that both Runs contain."""
        return sum(file.outcome not in (Outcome.NEW, Outcome.GONE) for file in self.files)


def below(run: Run, folders: Sequence[str]) -> Run:
    """The Run, restricted to files in or below ``folders``. The folders are relative to the root of
    the Run. ``.`` stands for all files.
    """
    if "." in folders:
        return run
    kept = tuple(
        file
        for file in run.files
        if any(file.path == f or file.path.startswith(f"{f}/") for f in folders)
    )
    restricted: Run = msgspec.structs.replace(run, files=kept)
    return restricted


def compare(
    baseline: Run,
    current: Run,
    limits: Limits = runs.LEAST,
    *,
    judged: Mapping[str, Judgement] | None = None,
) -> Comparison:
    """Compare two Runs file by file. A file that only the baseline contains counts as removed. A
    file that only ``current`` contains counts as new. A file counts as removed or new only if both
    scans covered the file.

    A change counts only if the change exceeds ``limits`` and the limits of the judge. ``judged`` is
    an earlier judgement of both Runs. If this judgement includes second parses, ``current`` must
    contain the times of the second parses.
    """
    if judged is None:
        judged = runs.judge(baseline, current, lambda _: limits)
    basis = speeds.basis(baseline, current)
    old, new = below(baseline, current.paths), below(current, baseline.paths)
    notes = (
        basis.note,
        _of_one_scan(len(baseline.files) - len(old.files), "earlier"),
        _of_one_scan(len(current.files) - len(new.files), "later"),
    )
    return tell(old, new, judged, factor=basis.factor, notes=tuple(filter(None, notes)))


def _of_one_scan(files: int, which: str) -> str:
    """A note about files that only one of two scans covers. Empty if there are no such files."""
    if not files:
        return ""
    return f"The comparison omits {count(files, 'file')} that only the {which} scan covers."


def tell(
    baseline: Run,
    current: Run,
    judged: Mapping[str, Judgement],
    *,
    factor: float = 1.0,
    notes: Sequence[str] = (),
) -> Comparison:
    """Describe the judgement of both Runs, and all other differences. ``notes`` come before all
    other warnings.
    """
    before = {file.path: file for file in baseline.files}
    after = {file.path: file for file in current.files}
    packages_before, packages_after = _packages(baseline), _packages(current)
    skipped = {file.path: file for file in current.skipped}
    changes = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        change = compare_file(path, old, new, judged.get(path), factor)
        if old and not new and path in skipped and skipped[path].loses_dags_of(old):
            change = msgspec.structs.replace(change, is_failing=True, missing="produces no DAGs")
        if old and new:
            new_imports = _missing_in(packages_after, packages_before, path)
            gone_imports = _missing_in(packages_before, packages_after, path)
            change = msgspec.structs.replace(
                change,
                new_imports=new_imports[:SHOWN_IMPORTS],
                gone_imports=gone_imports[:SHOWN_IMPORTS],
                more_new_imports=max(0, len(new_imports) - SHOWN_IMPORTS),
                more_gone_imports=max(0, len(gone_imports) - SHOWN_IMPORTS),
            )
        changes.append(change)
    return Comparison(
        files=tuple(changes),
        baseline_total_ms=baseline.total_own_ms * factor,
        current_total_ms=current.total_own_ms,
        warnings=(*notes, *_warnings(baseline, current)),
        factor=factor,
    )


def compare_file(
    path: str,
    old: FileResult | None,
    new: FileResult | None,
    judged: Judgement | None,
    factor: float = 1.0,
) -> FileChange:
    """One file in both Runs, without imports. Only complete Runs contain the names of imports."""
    outcome, reason = _outcome(old, new, judged)
    is_broken = bool(new and (new.has_lost_dags(old) if old else new.status.is_broken))
    return FileChange(
        path=path,
        outcome=outcome,
        reason=reason,
        baseline_ms=old.own_ms * factor if old else 0.0,
        current_ms=new.own_ms if new else 0.0,
        was_failing=bool(old and old.status.is_broken),
        is_failing=is_broken or bool(new and new.status.is_broken),
        missing=new.missing(old) if new and is_broken else "",
    )


def _outcome(
    old: FileResult | None, new: FileResult | None, judged: Judgement | None
) -> tuple[Outcome, str]:
    """The outcome of a file. For an inconclusive file, the result also gives the reason."""
    if old is None or new is None:
        return (Outcome.NEW, "") if new is not None else (Outcome.GONE, "")
    if new.status is Status.NEEDS_ANSWER:
        return Outcome.CANNOT_TELL, new.what_it_needs
    if old.status is Status.NEEDS_ANSWER:
        why = (
            "in the earlier run, dagprof lacked a value that the file needs, so the parse times"
            " cannot be compared"
        )
        return Outcome.CANNOT_TELL, why
    if judged is not None:
        return judged.outcome, judged.why
    if old.status == new.status:
        return Outcome.UNCHANGED, (
            f"the file has no parse time in either run (status: {new.status.value})"
        )
    return (
        Outcome.CANNOT_TELL,
        (
            f"the file has no parse time in one run (status: {old.status.value} before,"
            f" {new.status.value} now)"
        ),
    )


def _packages(run: Run) -> dict[str, dict[str, int]]:
    """The top-level packages that each file loads, each with the depth of its outermost load.
    Modules of the user's code have their full name.
    """
    names = [m.name if m.origin is Origin.USER else m.name.partition(".")[0] for m in run.modules]
    return {
        file.path: _outermost(file.trace.loads, names)
        for file in run.files
        if file.trace is not None
    }


def _outermost(loads: Loads, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, level in zip(loads.module, depths(loads), strict=True):
        found[names[place]] = min(level, found.get(names[place], level))
    return found


def _missing_in(
    here: dict[str, dict[str, int]], there: dict[str, dict[str, int]], path: str
) -> tuple[str, ...]:
    if path not in here or path not in there:
        return ()
    missing = (name for name in here[path] if name not in there[path])
    return tuple(sorted(missing, key=here[path].__getitem__))


def _warnings(baseline: Run, current: Run) -> Iterable[str]:
    old, new = baseline.environment, current.environment
    yield from environment_warnings(old, new)
    for name, run in (("the baseline", baseline), ("this run", current)):
        if run.was_busy:
            waited_s = run.total_queued_ms / 1000
            yield (
                f"The machine was busy during {name}. The comparison excludes the {waited_s:.1f} s"
                " during which parses waited for a CPU."
            )
    for name, before, now in speeds.different_conditions(baseline, current):
        yield (
            f"The baseline used {name} {before}, and this run used {name} {now}. The parse times"
            " cannot be compared."
        )
    changed = [
        name
        for name in old.distributions.keys() | new.distributions.keys()
        if old.distributions.get(name) != new.distributions.get(name)
    ]
    if changed:
        shown = ", ".join(sorted(changed)[:5]) + (" and others" if len(changed) > 5 else "")
        number = count(len(changed), "installed distribution")
        yield f"{number} changed since the baseline ({shown})."


def environment_warnings(old: Environment, new: Environment) -> Iterable[str]:
    """Warnings about a different machine, Python version or Airflow version. Such differences make
    the times hard to compare.
    """
    if old.machine != new.machine:
        yield (
            f"The baseline ran on another machine ({old.cpu_model}, {count(old.cpu_count, 'core')})"
            f" than this run ({new.cpu_model}, {count(new.cpu_count, 'core')}). Parse times may"
            " differ because of the machines."
        )
    for what, before, after in (
        ("Python", old.python_version, new.python_version),
        ("Airflow", old.airflow_version, new.airflow_version),
    ):
        if before != after:
            yield f"The baseline used {what} {before}, and this run used {what} {after}."

"""Gate: did a change make parsing slower? The gate compares with a revision, parsing both versions
in turns, or with a stored Run.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof import __version__
from dagprof.ab import against
from dagprof.ab.revision import prefix_of, top_of
from dagprof.config.policy import Waiver, today
from dagprof.config.settings import Depth, Settings, leading_folders
from dagprof.errors import UsageError
from dagprof.gate import baseline as by_baseline
from dagprof.gate import decide
from dagprof.gate.decide import Compared, Demand
from dagprof.gate.rooted import rooted
from dagprof.gate.verdict import Decision, Verdict
from dagprof.link.target import bundle_root, existing
from dagprof.measure import scan as scanning
from dagprof.measure.conditions import changes
from dagprof.measure.rounds import Progress, Silent
from dagprof.model import Run
from dagprof.quantities import parse_duration_ms
from dagprof.store import runs
from dagprof.usecases import comments
from dagprof.usecases.baselines import of_paths


class Revision(NamedTuple):
    """Another version of the files: the merge base of the working tree and a branch, tag or commit.

    ``python`` measures that version with another interpreter. ``all_files`` also measures the files
    that the change cannot reach.
    """

    name: str
    python: str | None = None
    all_files: bool = False


class Baseline(NamedTuple):
    """The file of a stored Run."""

    file: str


class GateRequest(NamedTuple):
    """The two versions to compare; see ``requested``. ``today`` decides which waivers count."""

    paths: tuple[str, ...]
    settings: Settings
    environ: Mapping[str, str]
    versus: Revision | Baseline
    today: date


@dataclass(frozen=True)
class Gated:
    """The verdict, and both sides. Like the verdict, the sides have paths from the root of the
    repository.

    ``measured_head`` and ``measured_base`` are the Runs behind the verdict, with paths from the
    bundle root. ``measured_base`` is None if the base was a stored Run. ``others_load`` says that
    all measured files fail, but another DAG file can be loaded.
    """

    verdict: Verdict
    base: Run
    head: Run
    measured_head: Run
    measured_base: Run | None = None
    others_load: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether the change fails the gate."""
        return self.verdict.decision is Decision.FAILED


def requested(
    paths: tuple[str, ...],
    settings: Settings,
    environ: Mapping[str, str],
    *,
    revision: str | None = None,
    baseline: str | None = None,
    python: str | None = None,
    all_files: bool = False,
) -> GateRequest:
    """The request for these paths.

    Arguments win over the settings. In the settings, a revision wins over a baseline.

    :raises UsageError: both or neither are given, or an option has no meaning with a baseline.
    """
    if revision is not None and baseline is not None:
        raise UsageError(
            "--against and --baseline cannot be used together. Use only one of these options."
        )
    if revision is None and baseline is None:
        revision = settings.against
        baseline = settings.baseline if revision is None else None
    if revision is not None:
        return GateRequest(paths, settings, environ, Revision(revision, python, all_files), today())
    if baseline is None:
        raise UsageError(
            "The gate needs a version to compare with. Give --against REVISION (such as"
            " origin/main) or --baseline FILE."
        )
    if python is not None or all_files:
        raise UsageError(
            "--against-python and --all-files require --against. With --baseline, the gate always"
            " measures all files."
        )
    return GateRequest(paths, settings, environ, Baseline(baseline), today())


def gate(request: GateRequest, progress: Progress | None = None) -> Gated:
    """Measure the files that need it, and decide.

    :raises UsageError: paths, settings, revision or baseline are invalid, or there is no DAG file.
    :raises RunFileError: the baseline cannot be read.
    :raises MeasurementError: Airflow cannot be imported, or git cannot check the other version out.
    """
    # The gate needs these modules after the first parses. They load while the other processes
    # import Airflow.
    threading.Thread(target=_load_statistics, daemon=True).start()
    progress = progress or Silent()
    if isinstance(request.versus, Revision):
        return _in_turns(request, request.versus, progress)
    return _by_baseline(request, request.versus.file, progress)


def _load_statistics() -> None:
    # A module that cannot be loaded here fails again when it is needed, and is reported then.
    with contextlib.suppress(ImportError, MemoryError, OSError):
        import scipy.stats  # noqa: F401


def _in_turns(request: GateRequest, versus: Revision, progress: Progress) -> Gated:
    settings, environ = request.settings, request.environ
    accepted = None
    if settings.check.in_scan:
        from dagprof.usecases import practices as rules

        accepted = rules.demanded(settings)
    root = bundle_root(settings, existing(request.paths), environ)[0]
    asked = _asked(versus, settings, _demand(request, root))
    found = against.measure(
        request.paths, settings, asked, version=__version__, environ=environ, progress=progress
    )
    compared, waivers = _compared(found)
    if settings.check.in_scan:
        from dagprof.usecases.practices.changed import at_changed_lines

        head, lines = found.duel.head, found.changed.lines
        demand = _demand(request, root, prefix=found.prefix)
        practices = at_changed_lines(head, lines, found.prefix, settings, demand, accepted)
        compared = msgspec.structs.replace(compared, practices=practices)
    verdict = decide.decide(compared, _demand(request, root, waivers, found.prefix), __version__)
    measured = found.duel
    return Gated(
        verdict, compared.base, compared.head, measured.head, measured.base, measured.others_load
    )


def _asked(versus: Revision, settings: Settings, demand: Demand) -> against.ABRequest:
    return against.ABRequest(
        revision=versus.name,
        limits=demand.timing,
        false_alarms=demand.false_alarms,
        budget_s=parse_duration_ms(settings.gate.time_budget) / 1000,
        sample=settings.gate.sample,
        python=versus.python,
        every_file=versus.all_files,
    )


def _compared(found: against.ABRun) -> tuple[Compared, list[Waiver]]:
    """The result of an A/B run, with paths from the repository's root and the waivers in the
    sources.
    """
    duel, prefix = found.duel, found.prefix
    base, head = rooted(duel.base, found.tree, prefix), rooted(duel.head, found.top, prefix)
    waivers, wrong = comments.waivers(head)
    compared = Compared(
        base=base,
        head=head,
        base_name=found.base_name,
        head_name="the working tree",
        unaffected=duel.unaffected,
        left_out=duel.left_out,
        has_sample=duel.has_sample,
        doubts=(*duel.doubts, *wrong),
        changed_lines=found.changed.lines,
        working_lines=found.changed.working,
        begun_lines=found.changed.begun,
        renamed={prefix + new: prefix + old for new, old in duel.renamed.items()},
        others=rooted(duel.others, found.tree, prefix) if duel.others is not None else None,
        more_others=duel.more_others,
        others_load=duel.others_load,
    )
    return compared, waivers


def _by_baseline(request: GateRequest, name: str, progress: Progress) -> Gated:
    whole = runs.load(name)
    by_baseline.check_reference(whole)

    def suspects(run: Run) -> set[str]:
        baseline = of_paths(whole, request.paths, run.root)
        return by_baseline.suspects(baseline, run, _demand(request, Path(run.root)))

    run, again = scanning.scan_twice(
        request.paths,
        # The gate's rules need traces; it does not need the savings that experiments prove. Without
        # changed lines, the rules of ``dagprof check`` do not apply.
        msgspec.structs.replace(
            request.settings,
            depth=Depth.TRACED,
            check=msgspec.structs.replace(request.settings.check, in_scan=False),
        ),
        suspects,
        version=__version__,
        environ=request.environ,
        progress=progress,
    )
    root = Path(run.root)
    prefix, top = prefix_of(root), top_of(root)
    sides = (of_paths(whole, request.paths, run.root), run, again)
    base, head, second = (rooted(each, top, prefix) for each in sides)
    waivers, wrong = comments.waivers(head)
    demand = _demand(request, root, waivers, prefix)
    verdict = by_baseline.decide_by_baseline(base, head, name, demand, __version__, again=second)
    doubts = (*verdict.doubts, *changes.texts(run), *wrong)
    verdict = msgspec.structs.replace(verdict, doubts=doubts)
    return Gated(verdict, base, head, run)


def _demand(
    request: GateRequest, root: Path, waivers: Iterable[Waiver] = (), prefix: str = ""
) -> Demand:
    settings = request.settings
    return Demand(
        today=request.today,
        policy=settings.gate,
        overrides=settings.overrides,
        waivers=(*settings.waivers, *waivers),
        folders=leading_folders(settings, root),
        prefix=prefix,
    )

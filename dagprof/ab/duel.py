"""An A/B run: finds the files that a change reaches, traces them on both sides and then parses them
in turns. The result is two Runs whose samples are pairs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dagprof.ab import affected, notes, precedents
from dagprof.ab.choice import Choice, choice_text, choose
from dagprof.ab.question import Duel, Question
from dagprof.ab.sides import Lane, Side, each, only_others_load
from dagprof.ab.turns import Turns
from dagprof.config import settings as settings_module
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.measure.budget import Budget
from dagprof.measure.conditions import changes
from dagprof.measure.rounds import Progress
from dagprof.measure.scheduler import Scheduler
from dagprof.measure.site import Site
from dagprof.model import Measured
from dagprof.passes import file
from dagprof.passes.asking import OutOfTime
from dagprof.passes.plan import Mode
from dagprof.passes.serialised.stability import instabilities
from dagprof.quantities import count

# The shares of the time after which dagprof begins no more traces of changed files, of files that
# did not change themselves but may reach the change, and of files that the change cannot reach. The
# timed parses end before the last comparison of DAGs.
_CHANGED_UNTIL, _REACHED_UNTIL, _OTHERS_UNTIL, _TIMED_UNTIL = 0.5, 0.6, 0.7, 0.95


class _ABRun:
    def __init__(
        self, base: Site, head: Site, question: Question, budget: Budget, progress: Progress
    ) -> None:
        # Each side lists its files in its own process. Both at once take half the time.
        with ThreadPoolExecutor(2) as pool:
            self._base, self._head = pool.map(Side, (base, head))

        self._sides = (self._base, self._head)
        # What both sites need to start is spent. The shares are shares of what is left.
        self._question, self._budget, self._progress = question, budget.rest, progress
        self._pair_renamed(question.renamed)
        self._changed = [
            {os.path.realpath(path) for path in changed}
            for changed in (question.changed_base, question.changed_head)
        ]
        self._doubts = self._without_links()
        self._tried: set[str] = set()
        self._has_sample = True

    def _without_links(self) -> list[str]:
        """Leave out the files that links lead out of the repository, and return a note on them."""
        is_outside = self._question.is_outside
        linked = {
            name for side in self._sides for name, path in side.files.items() if is_outside(path)
        }
        for side in self._sides:
            side.leave_out(linked)
        return notes.about_links(sorted(linked))

    def _pair_renamed(self, renamed: Mapping[Path, Path]) -> None:
        """Give renamed files their new names in the base."""
        there, here = (
            {os.path.realpath(path): name for name, path in side.files.items()}
            for side in self._sides
        )
        for after, before in renamed.items():
            new, old = here.get(os.path.realpath(after)), there.get(os.path.realpath(before))

            # Both must be DAG files. If the base also has a file with the new name, the comparison
            # is with that file.
            if new is not None and old is not None and new not in self._base.files:
                self._base.rename(old, new)

    def run(self, version: str) -> Duel:
        self._pre_import()
        choice = self._choice()
        jobs = self._head.site.settings.jobs or settings_module.default_jobs()

        # One scheduler for the whole A/B run, so that the workers stay the same from the traces to
        # the last look.
        with Scheduler(jobs, lambda: Lane(self._sides, self._budget)) as lanes:
            names, left_out = self._traced(lanes, choice)
            others, more_others = self._trace_others(lanes, names)
            self._time(lanes, names)
            others_load = only_others_load(self._head, lanes, names, self._budget)

        # Both sides' Runs hold the same files, except files that exist on one side only. Files that
        # the change does not touch are only counted.
        kept = set(names)
        runs = [
            side.site.run(
                [side.measured(name) for name in sorted(kept & side.files.keys())], version
            )
            for side in self._sides
        ]

        self._doubts += dict.fromkeys(text for run in runs for text in changes.texts(run))
        unaffected = len(self._head.files.keys() - kept - left_out)
        renamed = {new: old for old, new in self._base.new_names.items()}
        run = (
            self._base.site.run([self._base.measured(name) for name in others], version)
            if others
            else None
        )
        found = Duel(runs[0], runs[1], unaffected, tuple(self._doubts), renamed, run, more_others)
        return found._replace(
            left_out=len(left_out), has_sample=self._has_sample, others_load=others_load
        )

    def _choice(self) -> Choice:
        """The files to trace, by the changes in the sources."""
        base, head, question = self._base, self._head, self._question
        every = base.files.keys() | head.files.keys()
        # A file on one side only counts even if git sees no change, because a checkout has no files
        # that git ignores.
        own = {name for name in every if (name in base.files) != (name in head.files)}
        own |= {
            side.name(path)
            for side, changed in zip(self._sides, self._changed, strict=True)
            for path in side.files.values()
            if os.path.realpath(path) in changed
        }
        if question.everything:
            return choose(dict.fromkeys(every, ()), own, question.sample)

        found: dict[str, set[str]] = {name: set() for name in own}
        for side, changed in ((base, question.changed_base), (head, question.changed_head)):
            reached = affected.reached(changed, self._roots(side), list(side.files.values()))
            for path, ways in reached.items():
                found.setdefault(side.name(path), set()).update(ways)
        return choose(found, own, question.sample)

    def _roots(self, side: Side) -> list[Path]:
        """The folders of a side from which user code is imported."""
        others = self._question.roots
        return [
            side.site.target.root,
            *(others if side is self._head else map(self._question.in_base, others)),
        ]

    def _pre_import(self) -> None:
        """Let each side import what the DAG processor has imported after a round over that side's
        folder.

        A module that other files name is then free for a file that no longer names it.
        """
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda side: side.site.pre_import(side.files.values()), self._sides))

        # A few objects more or less in the manager decide whether parses do a full collection. Both
        # sides must be alike. Otherwise a file would look 150 ms slower because of an import that
        # another file no longer names.
        if len({side.site.has_collected for side in self._sides}) > 1:
            for side in self._sides:
                if not side.site.has_collected:
                    side.site.collect(side.files.values())

    def _traced(self, lanes: Scheduler[Lane], choice: Choice) -> tuple[list[str], set[str]]:
        """Warm up and trace both sides. Return the names of files that really load or read what
        changed, and those that may do so but were left out.
        """
        touched = self._touching(lanes, choice.own, self._budget.until(_CHANGED_UNTIL))
        untraced = [name for name in choice.own if name not in self._tried]
        if untraced:
            self._has_sample = False
            self._doubts.append(
                "The time budget ran out before dagprof could trace"
                f" {count(len(untraced), 'changed file')}. To measure all changed files, raise"
                " --time-budget."
            )

        budget = self._budget.until(_REACHED_UNTIL)
        waiting, reaching = list(choice.others), 0
        while waiting and reaching < choice.wanted and not budget.is_spent:
            batch = waiting[: choice.wanted - reaching]
            found = self._touching(lanes, batch, budget)
            touched += found
            reaching += len(found)
            waiting = [name for name in waiting if name not in self._tried]
        if waiting:
            text = choice_text(len(waiting), reaching, ran_out=reaching < choice.wanted)
            # A sample stands for the others only if the user has not asked for all of them.
            is_sample = reaching > 0 and self._question.sample is not None
            self._has_sample = self._has_sample and is_sample
            self._doubts.append(f"{self._question.everything}. {text}".removeprefix(". "))
        return touched, {*waiting, *untraced}

    def _touching(self, lanes: Scheduler[Lane], names: Sequence[str], budget: Budget) -> list[str]:
        """Trace these files while there is time. Return those that load or read what changed."""
        if not names:
            return []
        self._progress.started(len(names), "tracing both versions")
        found = set()
        before = len(self._tried)
        for name in each(lanes, self._warm_up_and_trace, names, budget):
            if name not in self._tried:
                continue
            measured = {side: side.measured(name) for side in self._sides if name in side.files}
            self._told(name, len(self._tried) - before)
            if self._question.everything or self._is_touched(measured):
                found.add(name)
        return [name for name in names if name in found]

    def _trace_others(self, lanes: Scheduler[Lane], names: Sequence[str]) -> tuple[list[str], bool]:
        """Trace some of the base's other DAG files, if a measured file begins to use helpers that
        these files use.

        Return their names, and whether some that use the helpers are left out.
        """
        base, head = self._base, self._head
        helpers: set[Path] = set()
        for name in names:
            if name in head.files:
                before = base.measured(name) if name in base.files else None
                helpers |= precedents.begun(
                    head.measured(name), before, head.site.target.root, self._question.in_base
                )

        # Only files of the base: a precedent is what other files did before the change.
        using = affected.users(sorted(helpers), self._roots(base), list(base.files.values()))
        chosen, is_sample = precedents.chosen(
            using, lambda helper: {base.name(path) for path in using[helper]}, base.passes.keys()
        )

        self._progress.started(
            len(chosen), ("tracing other DAG files that use the same helper modules")
        )
        until = self._budget.until(_OTHERS_UNTIL)
        for done, name in enumerate(each(lanes, self._trace_other, chosen, until), 1):
            self._told(name, done)

        traced = [
            name
            for name in base.passes
            if name not in names and base.passes[name].trace is not None
        ]
        return sorted(traced), is_sample or not set(chosen).issubset(traced)

    def _trace_other(self, lane: Lane, name: str) -> None:
        side = self._base
        # A plain parse comes first, so that the trace need not compile. A file without a time is
        # not traced.
        with contextlib.suppress(OutOfTime):
            if side.begin(name) and lane.parse(side, name, Mode.TIMING, first=True):
                lane.parse(side, name, Mode.TRACE)

    def _is_touched(self, found: Mapping[Side, Measured]) -> bool:
        """Whether a file exists on one side only, or loads or reads what changed on either side."""
        return len(found) < len(self._sides) or any(
            affected.is_touched(found[side], changed, side.site.target.root)
            for side, changed in zip(self._sides, self._changed, strict=True)
        )

    def _warm_up_and_trace(self, lane: Lane, name: str) -> None:
        try:
            for side in self._sides:
                if side.begin(name) and lane.parse(side, name, Mode.TIMING, first=True):
                    lane.parse(side, name, Mode.TRACE)
                    self._find_unanswered(lane, side, name)

                    # The first parse found cold caches, and ran before the other side's. So it
                    # belongs to no pair.
                    side.passes[name].timings.clear()
            self._tried.add(name)
        except OutOfTime:
            for side in self._sides:
                side.forget(name)

    @staticmethod
    def _find_unanswered(lane: Lane, side: Side, name: str) -> None:
        # If a worker dies here, only this extra question stays open. The file keeps the results of
        # its own parses.
        with contextlib.suppress(ConnectionLost):
            file.find_unanswered(
                side.files[name],
                side.passes[name],
                lambda request: lane.ask(side, request, name),
                side.bounds,
            )

    def _time(self, lanes: Scheduler[Lane], names: Sequence[str]) -> None:
        """Parse in turns until every question is decided, or the budget is spent."""
        question, budget = self._question, self._budget.until(_TIMED_UNTIL)
        self._progress.started(len(names), "parsing both versions alternately")
        turns = Turns(self._sides, lanes, question.limits, question.false_alarms, self._told)
        undecided = turns.parse(names, budget)

        # Parse each file whose DAGs differ twice more.
        for _ in each(lanes, self._compare_dags, names, self._budget):
            pass
        if undecided and budget.is_spent:
            self._doubts.append(
                f"The time budget ran out before {len(undecided)} of {len(names)} files had a"
                " clear result. To get more results, raise --time-budget."
            )

    def _compare_dags(self, lane: Lane, name: str) -> None:
        """If repeated parses gave different DAGs, find the fields."""
        for side in self._sides:
            if name in side.passes and len(side.passes[name].timings) > 1:
                with contextlib.suppress(ConnectionLost, OutOfTime):
                    side.passes[name].instabilities = instabilities(
                        side.files[name],
                        side.passes[name].digests,
                        lambda request, side=side: lane.ask(side, request, name),  # type: ignore[misc]
                        side.bounds,
                    )

    def _told(self, name: str, done: int) -> None:
        side = self._head if name in self._head.files else self._base
        self._progress.measured(side.measured(name), done)


def duel(
    base: Site,
    head: Site,
    question: Question,
    budget: Budget,
    *,
    version: str,
    progress: Progress,
) -> Duel:
    """Measure what changed between two sites, within the budget.

    :raises UsageError: a side has no DAG file.
    """
    return _ABRun(base, head, question, budget, progress).run(version)

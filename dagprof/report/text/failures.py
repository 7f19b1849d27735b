"""Failures grouped by cause, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from dagprof.analyse.causes import FailureCause, causes, failing_file, place, shortened
from dagprof.model import FileResult, Run
from dagprof.quantities import count
from dagprof.report import figures
from dagprof.report.escape import safe_text

LIMIT = 20
# The most files that are named for a cause; the reports list all.
_PLACES = 3


def where(file: FileResult, run: Run) -> str:
    """The file and line of a failure. If the failure is in another file, the text also names the
    DAG file.
    """
    at = place(file, run.root, run.project.root)
    failure = next((each for each in file.failures if each.line), None)
    is_own = failure is None or failing_file(failure, run.root, run.project.root) in ("", file.path)
    return at if is_own else f"{file.path} at {at}"


def same_place(cause: FailureCause, run: Run) -> str:
    """The place at which all files of a cause fail. Empty if the files fail at different places."""
    places = {place(file, run.root, run.project.root) for file in cause.files}
    return places.pop() if len(places) == 1 and len(cause.files) > 1 else ""


def summary(cause: FailureCause, run: Run) -> str:
    """The number of failing files, the reason, and the place if all files fail at one place."""
    at = same_place(cause, run)
    return f"{count(len(cause.files), 'file')}: {cause.reason}" + (f" at {at}" if at else "")


def render(run: Run, console: Console) -> None:
    """Print one line for each cause, followed by the fix."""
    _render(run, run.broken, "Could not be loaded", "red", console)
    if run.needy:
        _render(run, run.needy, "Needs an answer", "yellow", console)
        console.print(Text(f"  {figures.ANSWERS}", style="dim"))


def _render(
    run: Run, failed: Sequence[FileResult], title: str, style: str, console: Console
) -> None:
    found = causes(run, failed)
    if not found:
        return
    console.print()
    console.print(Text(f"{title} ({len(failed)})", style=f"bold {style}"))
    for cause in found[:LIMIT]:
        console.print(_one(cause.files[0], run) if len(cause.files) == 1 else _several(cause, run))
        if cause.way_out and not (
            len(cause.files) == 1 and cause.files[0].unanswered
        ):  # their reason already includes the fix
            console.print(
                Text(f"    → {safe_text(cause.way_out, 400)}", style="yellow"), soft_wrap=True
            )
    if len(found) > LIMIT:
        left = sum(len(cause.files) for cause in found[LIMIT:])
        console.print(
            f"  The list omits {count(left, 'more file')}. For the full list, see the report."
        )


def _one(file: FileResult, run: Run) -> Text:
    text = Text(f"  {safe_text(where(file, run))}  ")
    text.append(f"{figures.status(file.status)}: ", style="red")
    return text.append(safe_text(figures.why_failed(file), 240))


def _several(cause: FailureCause, run: Run) -> Text:
    text = Text(f"  {count(len(cause.files), 'file')}  ")
    text.append(f"{figures.status(cause.files[0].status)}: ", style="red")
    at = same_place(cause, run)
    text.append(safe_text(cause.reason, 240) + (f" at {safe_text(at)}" if at else ""))
    named = [file.path if at else place(file, run.root, run.project.root) for file in cause.files]
    return text.append(f"\n    {safe_text(shortened(named, _PLACES), 300)}", style="dim")


def render_one(run: Run, file: FileResult, console: Console) -> None:
    """Print the failures of one file. Each failure has a file and a line, and is followed by the
    fix.
    """
    for failure in file.failures:
        at = failing_file(failure, run.root, run.project.root) or file.path
        place_of_it = f"  {safe_text(at)}:{failure.line}  " if failure.line else "  "
        kind = f"{safe_text(failure.type, 80)}: " if failure.type else ""
        console.print(
            Text(f"{place_of_it}{kind}{safe_text(failure.message, 400)}", style="red"),
            soft_wrap=True,
        )
        if failure.cause:
            console.print(Text(f"    caused by {safe_text(failure.cause, 400)}"), soft_wrap=True)
    for cause in causes(run, [file]) if file.status.is_failure else ():
        if cause.way_out:
            console.print(
                Text(f"    → {safe_text(cause.way_out, 400)}", style="yellow"), soft_wrap=True
            )


def lines(
    run: Run, failed: Sequence[FileResult], most: int
) -> Iterable[tuple[str, str, Sequence[str]]]:
    """The sentence, the fix and the places of each cause. ``most`` limits the number of causes, and
    the number of places of each cause.
    """
    for cause in causes(run, failed)[:most]:
        yield (
            cause.reason if len(cause.files) == 1 else summary(cause, run),
            cause.way_out,
            [where(file, run) for file in cause.files[:most]],
        )

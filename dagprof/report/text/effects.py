"""Terminal output: the actions of all DAG files that run during parsing and should move into
tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from dagprof.attribution.candidates import shown_path
from dagprof.attribution.import_lines import import_places
from dagprof.model import Access, Effect, FileResult, Place, Run
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text
from dagprof.report.figures import in_threads
from dagprof.report.text.screen import columns, titled

SHOWN = 8
BY_IMPORT = " (by the import)"


class Doing(NamedTuple):
    """One action at one line of the user's code. ``files`` is the number of files whose parse
    performs the action. ``times`` is the number of occurrences. ``ms`` is the total time, or None
    if unknown.

    ``by_import`` says that the line is an import statement and that a library performs the action.
    """

    place: Place
    what: str
    files: int
    times: int
    ms: float | None
    by_import: bool = False


def doings(run: Run) -> list[Doing]:
    """Actions that should move into a task: lookups of Variables and Connections, database queries,
    network access, programs and sleeping. The slowest action comes first.
    """
    found: dict[tuple[Place, str], list[tuple[int, float | None]]] = {}
    imports: set[Place] = set()
    for file in run.files:
        rows_of_file = list(_of(file, run.root))
        imports |= import_places(file, run) if rows_of_file else set()
        for place, what, times, ms in rows_of_file:
            found.setdefault((place, what), []).append((times, ms))
    rows = [
        Doing(
            place,
            what,
            len(parts),
            sum(times for times, _ in parts),
            None if all(ms is None for _, ms in parts) else sum(ms or 0.0 for _, ms in parts),
            place in imports,
        )
        for (place, what), parts in found.items()
    ]
    return sorted(rows, key=lambda row: (-(row.ms or 0.0), -row.times, row.place))


def lookup(kind: str, key: str) -> str:
    """The action of a lookup, as in ``Doing.what``."""
    return f"{kind} {key}"


def _of(file: FileResult, root: str) -> Iterable[tuple[Place, str, int, float | None]]:
    for access in file.accesses:
        if access.kind == "environment":
            continue  # reading an environment variable costs nothing
        place = Place(file=shown_path(access.file, root), line=access.line)
        yield place, lookup(access.kind, access.key), access.count, None
    for effect in file.effects:
        if effect.about.belongs_in_task:
            place = Place(file=shown_path(effect.file, root), line=effect.line)
            ms = None if effect.wall_us is None else effect.wall_us / 1000
            yield (
                place,
                f"{effect.kind} {effect.what}".strip() + in_threads(effect),
                effect.count,
                ms,
            )


def by_import(file: FileResult, run: Run) -> Callable[[Access | Effect], str]:
    """A mark for effects that an import of a library causes. Empty for effects of the line
    itself.
    """
    imports = import_places(file, run)
    return lambda each: (
        BY_IMPORT if Place(file=shown_path(each.file, run.root), line=each.line) in imports else ""
    )


def _shown(place: Place, run: Run) -> str:
    """A place for people. A path in the project and outside the bundle root is relative to the
    project root.
    """
    file = shown_path(place.file, run.project.root) if run.project.root else place.file
    return str(Place(file=file, line=place.line))


def render(run: Run, console: Console) -> None:
    """Print the slowest actions. Print nothing if there are no actions."""
    rows = doings(run)
    if run.settings.get("depth") == "quick":
        console.print(
            Text(
                "\nWith --depth quick, dagprof records only lookups of Variables and Connections."
                " To also record other side effects of the files, use --depth normal.",
                style="dim",
            )
        )
    if not rows:
        return
    table = columns(("time", "figure"), ("files", "figure"), ("what", "text"), ("where", "place"))
    for row in rows[:SHOWN]:
        times = f" {row.times:,} ×" if row.times > row.files else ""
        table.add_row(
            "-" if row.ms is None else duration(row.ms),
            f"{row.files:,}",
            Text(f"{safe_text(row.what, 60)}{times}{BY_IMPORT if row.by_import else ''}"),
            Text(safe_text(_shown(row.place, run), 120)),
        )
    titled("Actions that every parse repeats (move these actions into tasks)", table, console)
    if any(row.by_import for row in rows[:SHOWN]):
        text = (
            'In rows marked "(by the import)", an import performs the action. Move this import'
            " into the functions that use the imported module."
        )
        console.print(Text(text, style="dim"))
    if len(rows) > SHOWN:
        console.print(
            Text(
                f"The table omits {count(len(rows) - SHOWN, 'more action')}. To see all actions of"
                " one file, run `dagprof explain FILE`.",
                style="dim",
            )
        )

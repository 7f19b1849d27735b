"""Assigns causes to changed lines. The author of a change can fix only the lines that the change
touches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dagprof.gate.parsed import Parsed
from dagprof.model import Origin, Place
from dagprof.quantities import count

# The name that a statement defines: ``def make(count):``, ``COUNT = 400``.
DEFINED = re.compile(r"(?:async def |def |class )?([A-Za-z_]\w*)")


class Cause(NamedTuple):
    """A line, its added time in ms, and the reason. ``text`` continues a sentence after "because".

    ``past`` describes the same action of the old version, and continues a sentence after "Before
    the change". ``is_building`` says that the line creates DAGs or tasks. ``names_changed`` says
    that the text already names the changed lines.
    """

    place: Place
    text: str
    past: str
    ms: float
    is_building: bool = False
    names_changed: bool = False

    def naming(self, places: Sequence[Place]) -> Cause:
        """The same cause. The text also names the changed places that may be the reason."""
        if not places:
            return self
        return self._replace(text=self.text + _and_changed(places), names_changed=True)


class Changed(NamedTuple):
    """Changed lines of the new version by file. The paths are relative to the bundle root.

    ``lines`` holds all changed lines of code. ``working`` holds the changed lines that call or
    compute something when their module is imported. ``begun`` holds the first lines of the
    statements that contain changed lines. If no changes are known, the gate assigns no cause to a
    line.
    """

    lines: Mapping[str, Sequence[int]] = {}
    working: Mapping[str, Sequence[int]] = {}
    begun: Mapping[str, Sequence[int]] = {}

    def holds(self, place: Place) -> bool:
        """Whether the statement at a place changed."""
        return any(place.line in lines.get(place.file, ()) for lines in (self.lines, self.begun))

    def at_top(self, file: str) -> Sequence[int]:
        """Changed lines that may slow down the top-level code of a file. If there are working
        lines, only the working lines count.
        """
        return self.working.get(file) or self.lines.get(file, ())


def is_firm(cause: Cause, base: Parsed, head: Parsed, changed: Changed) -> bool:
    """Whether a cause is at a changed line or has no line. If no changed lines are known, the
    result is true for every cause.
    """
    place = cause.place
    return (
        not changed.lines
        or not place.line
        or changed.holds(place)
        or place in new_calls(base, head, changed)
    )


def tied(cause: Cause, base: Parsed, head: Parsed, changed: Changed) -> Cause:
    """The cause at a changed line. If several lines may be the reason, the cause has no line and
    the text names the lines.
    """
    if is_firm(cause, base, head, changed):
        return cause
    named = _named_by(cause.place, head, changed)
    places = [named] if named is not None else _changed_places(head, changed)
    told = cause if cause.names_changed else cause.naming(places)
    nowhere = Place(file=head.file.path, line=0)
    is_one = len(places) == 1 and (
        named is not None or hang_together(changed.lines[places[0].file])
    )
    return told._replace(place=places[0] if is_one else nowhere)


def _named_by(place: Place, head: Parsed, changed: Changed) -> Place | None:
    """The changed statement of the DAG file that defines a name, if the statement at a place uses
    this name.
    """
    texts = [each.text for each in head.statements if each.place == place]
    for each in head.statements:
        lines = [line for line in changed.lines.get(head.file.path, ()) if line in each.lines]
        name = DEFINED.match(each.text)
        if (
            lines
            and name
            and each.place != place
            and any(speaks_of(text, name[1]) for text in texts)
        ):
            return Place(file=head.file.path, line=lines[0])
    return None


def _changed_places(head: Parsed, changed: Changed) -> list[Place]:
    """The first changed line of each file that this parse executes or reads."""
    read = [effect.what for effect in head.file.effects if effect.kind == "file-read"]
    files = [
        head.file.path,
        *(place.file for place in changed_helpers(head, changed).values()),
        *read,
    ]
    return [
        Place(file=file, line=changed.at_top(file)[0])
        for file in dict.fromkeys(files)
        if changed.at_top(file)
    ]


def hang_together(lines: Sequence[int]) -> bool:
    return lines[-1] - lines[0] < len(set(lines))


def new_calls(base: Parsed, head: Parsed, changed: Changed) -> set[Place]:
    """The lines that may contain a new call: changed lines, and the first lines of new statements
    of the DAG file.

    A new statement may start above its changed line. New statements also help if no changed lines
    are known. An unchanged file has no new statement, even if its layout changed.
    """
    lines = {Place(file=file, line=line) for file, here in changed.lines.items() for line in here}
    if changed.lines and head.file.path not in changed.lines:
        return lines
    texts = {statement.text for statement in base.statements}
    return lines | {each.place for each in head.statements if each.text not in texts}


def changed_helpers(head: Parsed, changed: Changed) -> dict[str, Place]:
    """The first changed line of each module of the user's code that this parse loads, by module
    name.
    """
    found: dict[str, Place] = {}
    for name, position in head.loaded.items():
        module = head.module(position)
        file = head.shown_file(module)
        if module.origin is Origin.USER and changed.lines.get(file):
            found[name] = Place(file=file, line=changed.lines[file][0])
    return found


def changed_instead(place: Place, head: Parsed, changed: Changed) -> list[Place]:
    """Changed lines of other modules. Empty if the file of the place or the DAG file changed."""
    if place.file in changed.lines or head.file.path in changed.lines:
        return []
    return list(changed_helpers(head, changed).values())


def where(place: Place, head: Parsed) -> str:
    """A place in a sentence about the DAG file: ``line 7`` for a line of the DAG file, otherwise
    file and line.
    """
    return f"line {place.line}" if place.file == head.file.path else str(place)


def speaks_of(text: str, module: str) -> bool:
    """Whether a statement contains the last part of a module's name."""
    return re.search(rf"\b{re.escape(module.rpartition('.')[2])}\b", text) is not None


def _and_changed(places: Sequence[Place]) -> str:
    more = f" and {count(len(places) - 2, 'more place')}" if len(places) > 2 else ""
    return (
        f" (probably due to the change at {' and '.join(str(place) for place in places[:2])}{more})"
    )

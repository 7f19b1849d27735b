"""What the probe reads from a metadata database."""

from __future__ import annotations

from dagprof.link.messages.base import Message

Value = str | int | float | bool | None


class FoundTables(Message, frozen=True):
    """Each table as its existing columns and its rows. ``failed`` is the reason why there is none.
    ``lacks_driver`` says that the interpreter cannot speak to this kind of database.
    """

    tables: dict[str, tuple[list[str], list[list[Value]]]] = {}
    failed: str = ""
    lacks_driver: bool = False

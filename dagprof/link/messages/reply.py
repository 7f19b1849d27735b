"""The answers of a worker."""

from __future__ import annotations

import msgspec

from dagprof.link.messages.base import Message
from dagprof.link.messages.result import Result
from dagprof.model.base import Count, Ms, Whole


class Reply(Message, frozen=True, kw_only=True):
    """How one parse ended, as reported by the worker.

    ``outcome`` is ``result``, ``time-limit``, ``memory-limit``, ``held`` or ``abandoned``. Without
    a result it is ``too-large`` or ``broken`` if the process sent bytes, else ``ended``. Outputs
    are text and the number of bytes written. ``claimed_ms`` is a parse time that cannot be true;
    ``refused`` is the reason, as a clause, why dagprof cannot use the result. In both cases there
    is no result.
    """

    outcome: str
    result: Result | None
    signal: Whole | None = None
    exit_code: Whole | None = None
    stdout: tuple[str, Count] = ("", 0)
    stderr: tuple[str, Count] = ("", 0)
    total_ms: Ms
    blocks_read: Count = 0
    max_rss_kib: Count = 0
    leftover_processes: Count = 0
    asked_for_database: bool = False
    claimed_ms: float | None = None
    refused: str = ""


class NoFork(Message, frozen=True):
    """A worker cannot fork a parsing process, and ends."""

    fault: str
    reason: str


# Made here, once and in one thread: msgspec crashes if two threads use a type for the first time.
REPLIES = msgspec.json.Decoder(Reply)
msgspec.json.Decoder(NoFork)

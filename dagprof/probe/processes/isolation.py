"""Hides the leftovers of one parse from the next parse, for the parses of one worker.

Each worker has separate copies of the data that a parse needs and that an earlier parse could have
changed. Bytecode and the metadata database of Airflow 2 are kept in memory. A new interpreter gets
a separate scratch folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import answering
from ..start import metadata
from ..start.home import Home
from . import spawned
from .compiling import Compiler

if TYPE_CHECKING:
    from ..protocol.worker import ParseRequest, Reply
    from .surroundings import Surroundings

# Of a DAG file's bytecode; what is larger is compiled again, as a helper is.
BYTECODE_BYTES = 64 << 20


class Isolation:
    """Call ``begin`` before each parse, ``end`` after it, and ``learn`` when the reply has been
    sent.

    ``folder`` is the folder of a parse in a new interpreter, None for other parses.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._scratch = surroundings.config["scratch"]
        self._bytecode = surroundings.bytecode
        self._compiler = Compiler(surroundings.bytecode)
        self._database = metadata.OwnDatabase(self._scratch, surroundings.database)
        if not surroundings.config["spawns"]:
            self._database.take_over()
            surroundings.exported.settle()
        self._home = Home(self._scratch, surroundings.home)
        self._has_database = False
        self._compiled: object = None
        self._parse_s = 0.0
        self.folder: spawned.Folder | None = None

    def begin(self, request: ParseRequest) -> None:
        """Prepare the surroundings of the parse, independent of earlier parses."""
        if request.get("saved"):
            self._compiler.renew(request["saved"], request.get("memory_limit_kib"))
        self._has_database = self._database.content is not None
        if self._has_database:
            self._database.undo()
        self._home.begin()
        made = request.get("database")
        if made:
            self._database.fill(metadata.checked(*made))
        if request.get("spawn"):
            self.folder = spawned.Folder(self._scratch, self._database.content)

    def leave(self) -> None:
        """Close files that the parsing process must not have."""
        self._home.leave()

    def end(self, request: ParseRequest, reply: Reply, sent_before: bytes | bytearray) -> None:
        """Undo the changes of the parse, and complete the reply. ``sent_before`` holds the bytes
        from the supervisor's socket.
        """
        self._home.end()
        asked = not self._has_database and self._database.undo()
        if self.folder is not None:
            asked = self.folder.was_database_asked()
            self.folder.remove()
            self.folder = None
        reply["asked_for_database"] = asked
        self._parse_s = reply["total_ms"] / 1000
        result = reply["result"]
        self._compiled = result.pop("compiled_sources", None) if result is not None else None
        if request.get("first"):
            self._learn_file(request["file"], sent_before)

    def _learn_file(self, file: str, sent: bytes | bytearray) -> None:
        """Keep the bytecode of the DAG file: the first frame was sent before any code of the user
        ran.
        """
        try:
            frames = answering.frames(sent)
        except ValueError:
            return
        if frames and frames[0]:
            self._bytecode.learn(file, frames[0])

    def learn(self, request: ParseRequest) -> None:
        """Compile the sources that this parse had to compile, for later parses."""
        self._compiler.learn(self._compiled, self._parse_s, request.get("memory_limit_kib"))

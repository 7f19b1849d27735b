"""A parse in a new interpreter: what it starts with, and the folder that it has to itself.

A new interpreter reads Airflow's home folder, its configuration file and local settings again.
Where these are dagprof's own, each parse gets them anew, so that none reads what another has left.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from .. import answering, origin
from ..start import metadata
from ..start.scratch import ensure, furnish
from ..system import folders
from ..system.clocks import perf_counter
from .child import run
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..protocol.worker import ParseRequest
    from ..protocol.zygote import ChildConfig

# Plugins that dagprof has unpacked are read by all.
_SHARED = "plugins"


class Folder:
    """Stands for the scratch folder during one parse; ``remove`` it afterwards."""

    def __init__(self, scratch: str, database: bytes | None) -> None:
        import tempfile

        self._scratch = scratch
        ensure(scratch)
        self.path = tempfile.mkdtemp(dir=scratch, prefix="parse-")
        self._database = os.path.join(self.path, metadata.FILE)
        self._has_database = database is not None
        furnish(self.path, scratch)
        if database is not None:
            with open(self._database, "wb") as file:
                file.write(database)

    def environment(self) -> dict[str, str]:
        """The environment of this process, leading here instead of to the scratch folder."""
        below = self._scratch + os.sep
        shared = below + _SHARED
        return {
            name: value if value.startswith(shared) else value.replace(below, self.path + os.sep)
            for name, value in os.environ.items()
        }

    def was_database_asked(self) -> bool:
        """Whether the parse asked for a database that it had not: that leaves an empty file."""
        return not self._has_database and os.path.lexists(self._database)

    def remove(self) -> None:
        """Remove it, with what the parse has put there."""
        folders.remove(self.path)


def begin(
    surroundings: Surroundings,
    pre_imported: list[str],
    message: tuple[ParseRequest, bytes],
    folder: Folder,
    descriptors: tuple[int, int, int],
) -> None:
    """Become a new interpreter that takes its request from a file, which it alone can read.

    ``message`` is the request and the token of the answer. ``descriptors`` are the write end of the
    result pipe, the number of the read end in the worker, and the child's end of the supervisor's
    socket.
    """
    import tempfile

    stream = tempfile.TemporaryFile(dir=folder.path)  # noqa: SIM115 - outlives this process image
    request, token = message
    config = {**surroundings.config, "pre_imported": pre_imported}
    content = {
        "config": config,
        "request": request,
        "token": token.decode("ascii"),
        "began": perf_counter(),
    }
    stream.write(json.dumps(content).encode("ascii") + b"\n")
    stream.flush()
    for place, data in surroundings.bytecode.known.items():
        answering.send(stream.fileno(), os.fsencode(place), data)
    stream.seek(0)
    result, _, requests = descriptors
    for descriptor in (stream.fileno(), result, requests):
        os.set_inheritable(descriptor, True)
    probe = origin.HERE + "__main__.py"
    arguments = [sys.executable, probe, "child", str(stream.fileno()), *map(str, descriptors)]
    os.execve(sys.executable, arguments, folder.environment())


def parse(request_descriptor: int, result_descriptor: int, workers_end: int, requests: int) -> None:
    """A new interpreter that parses one file: the child of spawn isolation."""
    for descriptor in (requests, request_descriptor, result_descriptor):
        os.set_inheritable(descriptor, False)
    with os.fdopen(request_descriptor, "rb") as stream:
        message = json.loads(stream.readline())
        known = answering.frames(stream.read(), None)
    config: ChildConfig = message["config"]
    surroundings = Surroundings(config)
    surroundings.bytecode.known.update(zip(map(os.fsdecode, known[::2]), known[1::2]))
    surroundings.import_airflow()
    if message["request"]["mode"] == "start":
        surroundings.include_start(message["began"])
    for name in config.get("pre_imported", ()):
        try:
            __import__(name)
        except BaseException:
            continue
    surroundings.api.prepare_child()
    run(
        surroundings,
        message["request"],
        answering.ResultPipe(result_descriptor, workers_end, message["token"].encode("ascii")),
        requests,
    )

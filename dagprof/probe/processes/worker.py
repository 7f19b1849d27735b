"""Runs one parse after another, each in a separate child."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from .. import faults
from ..channel import Channel
from ..parsing.imports.layer import Before
from ..system.kernel import become_subreaper, forbid_core_dumps, standing
from ..versions import delivery
from ..versions.airflow_api import PROCESSOR
from .before import layering, preloading
from .guard import Guard
from .isolation import Isolation

if TYPE_CHECKING:
    from ..protocol.worker import ParseRequest, Reply
    from ..protocol.zygote import WorkerRequest
    from .surroundings import Surroundings


def serve(
    channel: Channel,
    surroundings: Surroundings,
    pre_imported: list[str],
    begin: WorkerRequest,
) -> None:
    """Import what ``begin`` asks for, and report that. Then answer requests until the other side is
    gone.

    The collector is off here and on in the children. Otherwise the requests that a worker reads
    would change the collector's state, which the children inherit.
    """
    gc.disable()
    become_subreaper()
    forbid_core_dumps()
    surroundings.api.prepare_child()
    isolation = Isolation(surroundings)
    is_supervised = delivery.is_supervised(surroundings.config["temperature"] == PROCESSOR)
    if begin.get("preload"):
        channel.send(preloading.preload(begin["preload"], surroundings.collector))
    if begin.get("survey"):
        channel.send(
            layering.survey(
                begin["survey"], surroundings.collector, begin["worth_ms"], begin["limit_s"]
            )
        )
        return
    layer = None
    if "layer" in begin:
        layer = layering.imported(begin["layer"], surroundings.collector)
        channel.send({"is_complete": layer is not None})
    surroundings.before = Before(layer)
    before = standing()
    while True:
        request: ParseRequest | None = channel.receive()
        if request is None:
            return
        isolation.begin(request)
        guard = Guard(channel, request, is_supervised=is_supervised)
        try:
            guard.start(surroundings, pre_imported, isolation)
        except faults.CannotFork as error:
            channel.send({"fault": faults.NO_FORK, "reason": str(error)})
            return
        reply = guard.until_done()
        isolation.end(request, reply, guard.sent_before)
        if standing() != before:
            # A DAG file has limited or slowed this process. Neither this parse nor the next ones
            # show what they would do without that.
            return
        _tell(channel, reply)
        isolation.learn(request)


def _tell(channel: Channel, reply: Reply) -> None:
    """Send a reply, without its result if that cannot be written, such as lists in a thousand
    lists.
    """
    try:
        channel.send(reply)
    except (RecursionError, MemoryError):
        channel.send({**reply, "result": None})

"""Finds waits for missing hosts: cloud metadata servers, hosts that do not respond, unknown names.

If a DAG file requests credentials on a laptop or in CI, a client library tries the cloud's metadata
server several times, for seconds. In production, this server responds at once. The wait is
therefore a property of this machine, not of the deployment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dagprof.model import Doubt, Effect
from dagprof.model.effects import NETWORK

# The shortest wait that is worth a note, in ms: for a metadata server, and for any other host.
_SERVER_MS, _HOST_MS = 100.0, 500.0
_MOST = 3


class Server(NamedTuple):
    """The client that asks a metadata server, and the setting that keeps it from asking."""

    hosts: tuple[str, ...]
    whose: str
    way_out: str


_GOOGLE = Server(
    ("metadata.google.internal", "metadata"),
    "Google Cloud's metadata server",
    "set GOOGLE_APPLICATION_CREDENTIALS to a key file, or set NO_GCE_CHECK=true",
)
_AMAZON = Server(
    ("169.254.170.2", "169.254.170.23", "fd00:ec2::254"),
    "Amazon's metadata server",
    "set AWS_EC2_METADATA_DISABLED=true, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
)
_AZURE = Server(
    ("168.63.129.16",),
    "Azure's metadata server",
    "set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
)
_ANY = Server(
    ("169.254.169.254",),
    "a cloud metadata server",
    "set the credentials of the cloud provider, NO_GCE_CHECK=true (Google) or"
    " AWS_EC2_METADATA_DISABLED=true (Amazon)",
)
_SERVERS = (_GOOGLE, _AMAZON, _AZURE, _ANY)
STUB_HOSTS = "dagprof-stub"


class Wait(NamedTuple):
    """The wait at one line for one host: ms in all, how often, and the server if it is a known
    one.
    """

    file: str
    line: int
    host: str
    ms: float
    times: int
    server: Server | None


def doubts(effects: Sequence[Effect]) -> list[Doubt]:
    """One note for each line that waits for a host that does not answer, the longest wait first."""
    waits = sorted(_waits(effects), key=lambda wait: -wait.ms)
    return [Doubt(code="waits-in-vain", text=_text(wait)) for wait in waits[:_MOST]]


def _text(wait: Wait) -> str:
    times = f" ({wait.times} attempts)" if wait.times > 1 else ""
    place = f"{wait.file.rpartition('/')[2]}:{wait.line}"
    if wait.server is None:
        host, fault = wait.host, "This host does not respond to this machine"
        way_out = f"run dagprof where {wait.host} is reachable, or move the request into a task"
    else:
        host = f"{wait.server.whose} ({wait.host})"
        fault = "This server is not available on this machine"
        way_out = wait.server.way_out
    return (
        f"{place} waits {wait.ms / 1000:.1f} s{times} for {host}. {fault}, so the parse time in"
        f" production may differ. To avoid this wait, {way_out}."
    )


def _waits(effects: Sequence[Effect]) -> Iterable[Wait]:
    found: dict[tuple[str, int, str], list[float]] = {}
    for effect in effects:
        if effect.about.group is not NETWORK or not effect.failed:
            continue
        entry = found.setdefault((effect.file, effect.line, _host(effect)), [0.0, 0])
        entry[0] += (effect.wall_us or 0) / 1000
        entry[1] += effect.failed
    for (file, line, host), (ms, times) in found.items():
        server = next((each for each in _SERVERS if host in each.hosts), None)
        if ms >= (_HOST_MS if server is None else _SERVER_MS) and not host.startswith(STUB_HOSTS):
            yield Wait(file, line, host, ms, int(times), server)


def _host(effect: Effect) -> str:
    if effect.kind == "dns":
        return effect.what
    place = (
        effect.what.partition("://")[2].partition("/")[0] if effect.kind == "http" else effect.what
    )
    host, _, port = place.rpartition(":")
    return host if host and port.isdigit() else place

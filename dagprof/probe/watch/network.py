"""Records name look-ups, connections and HTTP requests, through the standard library and through
httpx.
"""

from __future__ import annotations

import functools
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable

from ..system.clocks import perf_counter_ns
from .late import LatePatches, replace
from .ledger import Ledger

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from socket import socket

    from .events import Arguments, Handlers

_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")
_NUMERIC = re.compile(r"[0-9.]+$|.*:")
_OPAQUE = re.compile(r"(?=\w*[0-9])(?=\w*[A-Za-z])\w{20,}")
_REQUEST = "_dagprof_request"
# dagprof examines so many characters of a URL, and remembers so many addresses of host names.
_URL, _NAMES = 2000, 5000


class NetworkWatch:
    """Audit events give the facts. Functions that are replaced after their module is loaded give
    the times.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._names: dict[str, str] = {}

    def events(self) -> Handlers:
        lookups: Handlers = {
            "socket." + name: self._on_lookup
            for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr")
        }
        return {**lookups, "socket.connect": self._on_connect}

    def install(self, late: LatePatches) -> None:
        late.add("socket", self._patch_socket)
        late.add("http.client", self._patch_http)
        late.add("httpx", self._patch_httpx)

    def _on_lookup(self, args: Arguments) -> None:
        host = _text(args[0])
        if host and not _NUMERIC.match(host):
            self._ledger.note("dns", host)

    def _on_connect(self, args: Arguments) -> None:
        self._ledger.note("socket", self._address(args[1]))

    def _address(self, address: Any) -> str:
        """Host and port, with the name whose last look-up gave this address."""
        if isinstance(address, (str, bytes)):
            return "unix:" + _text(address)
        host = _text(address[0])
        return "%s:%s" % (self._names.get(host, host), address[1])

    def _patch_socket(self, module: ModuleType) -> None:
        for name in _LOOKUPS:
            replace(module, name, self._timed_lookup(getattr(module, name)))
        for name in ("connect", "connect_ex"):
            setattr(module.socket, name, self._timed_connect(getattr(module.socket, name)))

    def _timed_lookup(self, ordinary: Callable[..., object]) -> Callable[..., object]:
        def look_up(*args: object, **kwargs: object) -> object:
            host = _text(args[0] if args else kwargs.get("host"))
            if not host or _NUMERIC.match(host):
                return ordinary(*args, **kwargs)
            found = self._ledger.timed("dns", host, ordinary, *args, **kwargs)
            self._remember(host, found)
            return found

        return look_up

    def _remember(self, host: str, found: object) -> None:
        if len(self._names) >= _NAMES:
            self._names.clear()
        if isinstance(found, str):
            self._names[found] = host
        elif isinstance(found, list):
            self._names.update((entry[4][0], host) for entry in found if len(entry) == 5)

    def _timed_connect(self, ordinary: Callable[..., object]) -> Callable[..., object]:
        def connect(sock: socket, address: object) -> object:
            return self._ledger.timed(
                "socket", self._address_or_none(address), ordinary, sock, address
            )

        return functools.wraps(ordinary, updated=())(connect)

    def _address_or_none(self, address: object) -> str:
        try:
            return self._address(address)
        except Exception:  # the real connect will report the error
            return "?"

    def _patch_http(self, module: ModuleType) -> None:
        connection = module.HTTPConnection
        put, get = connection.putrequest, connection.getresponse

        @functools.wraps(put)
        def putrequest(
            conn: HTTPConnection, method: str, url: str, *args: object, **kwargs: object
        ) -> object:
            key = self._ledger.note("http", "%s %s" % (method, _url_of(conn, url)))
            conn.__dict__[_REQUEST] = (key, perf_counter_ns())
            return put(conn, method, url, *args, **kwargs)

        @functools.wraps(get)
        def getresponse(conn: HTTPConnection, *args: object, **kwargs: object) -> object:
            key, started = conn.__dict__.pop(_REQUEST, (None, 0))
            try:
                return get(conn, *args, **kwargs)
            except Exception:
                self._ledger.fail(key)
                raise
            finally:
                self._ledger.spend(key, perf_counter_ns() - started)

        connection.putrequest, connection.getresponse = putrequest, getresponse

    def _patch_httpx(self, module: ModuleType) -> None:
        send = module.Client.send

        @functools.wraps(send)
        def timed_send(client: object, request: Any, *args: object, **kwargs: object) -> object:
            what = "%s %s" % (request.method, _plain_url(str(request.url)))
            return self._ledger.timed("http", what, send, client, request, *args, **kwargs)

        module.Client.send = timed_send


def _text(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")


def _url_of(conn: HTTPConnection, url: str) -> str:
    if "://" in url[:10]:
        return _plain_url(url)  # through a proxy
    is_secure = conn.default_port == 443
    host = getattr(conn, "_tunnel_host", None) or conn.host
    port = getattr(conn, "_tunnel_port", None) or conn.port
    place = host if port in (None, conn.default_port) else "%s:%s" % (host, port)
    return _plain_url("%s://%s%s" % ("https" if is_secure else "http", place, url))


def _plain_url(url: str) -> str:
    """The URL without user, password, query and fragment. Parts of the path that look like a key
    are masked.
    """
    url = re.sub(r"//[^/@]*@", "//", url.partition("#")[0])
    url, question, _ = url.partition("?")
    url = url[:_URL]
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + slashes + host + slash + _OPAQUE.sub("***", path) + ("?..." if question else "")

"""Lets one parse run under other conditions: on another day, on another host, as another user, in
another time zone, with other environment variables and other random numbers.

Airflow parses a file on several hosts, again and again. DAGs that depend on these conditions differ
from parse to parse, although two parses in a row give the same.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, Iterable

from ...system import shifted_clock

# A day, an hour, a minute and a second later: each part of the date that a file may use differs.
_LATER_S = 86_400 + 3_600 + 60 + 1
_HOST, _USER, _SEED = "another-host", "another-user", 20_240_101
# Two zones without a common offset; the first one that is not in force.
_ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
_HOST_VARIABLES = ("HOSTNAME", "HOST", "POD_NAME", "MY_POD_NAME", "CONTAINER_ID")
_USER_VARIABLES = ("USER", "LOGNAME", "USERNAME", "LNAME")
# Variables that differ from process to process, without a meaning for DAGs.
_CHANCE_VARIABLES = ("SHLVL", "OLDPWD", "INVOCATION_ID", "SSH_CONNECTION", "TERM", "COLUMNS")


def apply(names: Iterable[str]) -> list[str]:
    """Change these conditions of the process. Return the ones that cannot be changed here."""
    return [name for name in names if not _CONDITIONS[name]()]


def _day() -> bool:
    return shifted_clock.shift(_LATER_S)


def _host() -> bool:
    import socket

    _in_environment(_HOST_VARIABLES, _HOST)
    ordinary = os.uname

    def uname() -> os.uname_result:
        found = ordinary()
        return os.uname_result((found[0], _HOST, *found[2:]))

    for module, name in ((os, "uname"), (sys.modules.get("posix"), "uname")):
        if module is not None:
            setattr(module, name, uname)
    known: Any = socket
    known.gethostname = sys.modules["_socket"].gethostname = lambda: _HOST  # type: ignore[attr-defined]
    resolve = socket.getfqdn
    known.getfqdn = lambda name="": resolve(name) if name and name != _HOST else _HOST
    if "platform" in sys.modules:
        setattr(sys.modules["platform"], "_uname_cache", None)  # noqa: B010
    return True


def _user() -> bool:
    import pwd

    _in_environment(_USER_VARIABLES, _USER)
    os.getlogin = lambda: _USER
    for name in ("getpwuid", "getpwnam"):
        setattr(pwd, name, _renamed(getattr(pwd, name)))
    return True


def _renamed(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def found(who: Any) -> Any:
        row = function(who)
        return type(row)((_USER, *row[1:]))

    return found


def _zone() -> bool:
    before = time.localtime(0)[:5]
    os.environ["TZ"] = next(zone for zone in _ZONES if zone != os.environ.get("TZ"))
    time.tzset()
    return time.localtime(0)[:5] != before  # without a database of zones it stays UTC


def _environment() -> bool:
    _in_environment(_CHANCE_VARIABLES, "another")
    os.environ["ANOTHER_VARIABLE"] = "another"
    return True


def _random() -> bool:
    import random

    random.seed(_SEED)
    numpy = sys.modules.get("numpy")
    if numpy is not None and "numpy.random" in sys.modules:
        numpy.random.seed(_SEED)
    return True


def _in_environment(names: Iterable[str], value: str) -> None:
    """Change the variables that are set."""
    for name in names:
        if name in os.environ:
            os.environ[name] = value


_CONDITIONS: dict[str, Callable[[], bool]] = {
    "day": _day,
    "host": _host,
    "user": _user,
    "time-zone": _zone,
    "environment": _environment,
    "random-seed": _random,
}

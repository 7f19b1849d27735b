"""Lets one parse run under other conditions: on another day, on another host, as another user, in
another time zone, with other environment variables and other random numbers.

Airflow parses a file on several hosts, again and again. DAGs that depend on these conditions differ
from parse to parse, although two parses in a row give the same.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from typing import Any, Callable, Iterable

from ...system import shifted_clock
from ...system.replaced import Builtin

# A day, an hour, a minute and a second later: each part of the date that a file may use differs.
_LATER_S = 86_400 + 3_600 + 60 + 1
_HOST, _USER, _SEED = "another-host", "another-user", 20_240_101
# Two zones without a common offset; the first one that is not in force.
_ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
_HOST_VARIABLES = ("HOSTNAME", "POD_NAME", "MY_POD_NAME", "CONTAINER_ID")
_USER_VARIABLES = ("USER", "LOGNAME", "USERNAME", "LNAME")


def apply(names: Iterable[str]) -> list[str]:
    """Change these conditions of the process. Return the ones that cannot be changed here."""
    return [name for name in names if not _CONDITIONS[name]()]


def _day() -> bool:
    return shifted_clock.shift(_LATER_S)


def _host() -> bool:
    import socket

    _in_environment(_HOST_VARIABLES, _HOST)
    native = sys.modules["_socket"]
    real, resolve, uname = socket.gethostname(), socket.getfqdn, os.uname

    def renamed() -> os.uname_result:
        found = uname()
        return os.uname_result((found[0], _HOST, *found[2:]))

    def getfqdn(name: str = "") -> str:
        return resolve(name) if name and name != _HOST else _HOST

    _replace("uname", renamed, os, sys.modules.get("posix"))
    _replace("gethostname", lambda: _HOST, socket, native)
    # Another host knows its own name.
    for name in ("gethostbyname", "gethostbyname_ex"):
        _replace(name, _translated(getattr(socket, name), real), socket, native)
    setattr(socket, "getaddrinfo", _translated(socket.getaddrinfo, real))  # noqa: B010
    setattr(socket, "getfqdn", functools.wraps(resolve)(getfqdn))  # noqa: B010
    if "platform" in sys.modules:
        setattr(sys.modules["platform"], "_uname_cache", None)  # noqa: B010
    return True


def _translated(function: Callable[..., Any], real: str) -> Callable[..., Any]:
    """The function that finds the made-up host where the real one is."""

    @functools.wraps(function)
    def found(host: Any, *arguments: Any, **named: Any) -> Any:
        return function(real if host == _HOST else host, *arguments, **named)

    return found


def _user() -> bool:
    import pwd

    by_number, by_name, login = pwd.getpwuid, pwd.getpwnam, os.getlogin
    user = os.getuid()
    try:
        real = by_number(user).pw_name
    except KeyError:
        real = ""

    def renamed(row: Any) -> Any:
        return type(row)((_USER, *row[1:])) if row.pw_uid == user else row

    def getlogin() -> str:
        login()  # fails without a terminal, for every user
        return _USER

    _in_environment(_USER_VARIABLES, _USER)
    _replace("getlogin", getlogin, os, sys.modules.get("posix"))
    _replace("getpwuid", lambda number: renamed(by_number(number)), pwd)
    _replace("getpwnam", lambda name: renamed(by_name(real if name == _USER else name)), pwd)
    return True


def _replace(name: str, function: Callable[..., Any], *modules: Any) -> None:
    """Put a function in the place of a builtin, in all modules that show it."""
    for module in modules:
        if module is not None:
            setattr(module, name, Builtin(getattr(module, name), function))


def _zone() -> bool:
    before = time.localtime(0)[:5]
    os.environ["TZ"] = next(zone for zone in _ZONES if zone != os.environ.get("TZ"))
    time.tzset()
    return time.localtime(0)[:5] != before  # without a database of zones it stays UTC


def _environment() -> bool:
    """Change variables that differ from process to process, in their own form, and add one."""
    level = os.environ.get("SHLVL", "")
    if level.isdigit():
        os.environ["SHLVL"] = str(int(level) + 1)
    _in_environment(("OLDPWD",), "/")
    _in_environment(("INVOCATION_ID",), "0" * 32)
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

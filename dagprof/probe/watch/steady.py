"""Masks names that are new in each process: temporary files, processes, random ids and addresses.

So the same program is one row, whatever its arguments are. Names that only look similar stay: a
name like a temporary file in another folder, a checksum, a number that is not a process, a mask in
hexadecimal digits.
"""

from __future__ import annotations

import os
import re
import sys

# The forms of ``tempfile`` and ``mktemp``.
_RANDOM = re.compile(r"tmp[a-z0-9_]{8}|tmp\.[A-Za-z0-9]{6,12}")
_MADE_UP = re.compile(r"(?<=[a-z0-9_.-])(?P<random>[a-z0-9_]{8}|[A-Za-z0-9]{10})(?=$|\.)")
_UUID = re.compile(
    r"(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![\w-])",
    re.I,
)
# UUIDs without dashes, only of the random kind. A checksum looks like one in 1 of 64 cases.
_HEX_UUID = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}(?![0-9a-zA-Z])")
_ADDRESS = re.compile(r"(?<=\bat )0x[0-9a-f]{6,16}\b|\b0x[57][0-9a-f]{11}\b", re.I)
_PID_NAMED = r"(?<![0-9a-zA-Z])({0})(?![0-9a-zA-Z])"
_CHANGES = re.compile(r"[a-z_](?=[0-9])|[0-9](?=[a-z_])", re.I)
# A smaller number is probably not a process.
_SMALLEST_PID = 1000


def steady(text: str) -> str:
    """A command line or a path without the parts that differ from parse to parse."""
    text = _below_temporary().sub(_shown, text)
    text = _ADDRESS.sub("0x*", _HEX_UUID.sub("<uuid>", _UUID.sub("<uuid>", text)))
    pids = [str(pid) for pid in (os.getpid(), os.getppid()) if pid >= _SMALLEST_PID]
    return re.sub(_PID_NAMED.format("|".join(pids)), "<pid>", text) if pids else text


def _below_temporary() -> re.Pattern[str]:
    """Find the first name below each folder for temporary files. User code may have set these
    folders.
    """
    module = sys.modules.get("tempfile")
    folders = [_variable(name) for name in ("TMPDIR", "TEMP", "TMP")] + [
        getattr(module, "tempdir", None)
    ]
    known = {
        str(folder).rstrip(os.sep) for folder in folders if folder and os.path.isabs(str(folder))
    }
    known = {"/tmp", "/var/tmp", *known} - {""}
    every = "|".join(re.escape(folder) for folder in sorted(known, key=len, reverse=True))
    return re.compile(r"(?<![\w./-])(?P<folder>%s)/(?P<name>[^/\s'\":;,]+)" % every)


def _variable(name: str) -> str | None:
    """An environment variable. ``os.environ`` would report one that is not set as a read of the
    DAG file.
    """
    value = getattr(os.environ, "_data", {}).get(os.fsencode(name))
    return os.fsdecode(value) if isinstance(value, bytes) else None


def _shown(match: re.Match[str]) -> str:
    name = (
        _RANDOM.sub("tmp*", match["name"], count=1)
        if _RANDOM.match(match["name"])
        else match["name"]
    )
    if name == match["name"]:
        name = _MADE_UP.sub(
            lambda found: "*" if _is_random(found["random"]) else found["random"], name
        )
    return match["folder"] + "/" + name


def _is_random(text: str) -> bool:
    """Whether letters and digits alternate more often than in a word or a date."""
    return len(_CHANGES.findall(text)) >= 2

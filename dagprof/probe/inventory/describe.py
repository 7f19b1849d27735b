"""Finds the distribution of each module and all installed versions. A separate process reads them
from metadata files.
"""

from __future__ import annotations

import importlib.metadata as metadata
import os
import re
import socket
from typing import TYPE_CHECKING

from .. import faults
from ..channel import Channel

if TYPE_CHECKING:
    from ..protocol.zygote import Described, DescribeRequest, Failed

_HEADER = re.compile(r"^(Name|Version): *(.+?) *$", re.M)


class Installed:
    """The installed distributions: the version of each, and the distribution of each file."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        for distribution in metadata.distributions():
            name, version = _name_and_version(distribution)
            if not name or name in self.versions:
                continue
            self.versions[name] = version
            folder = str(distribution.locate_file(""))
            for relative in _recorded(distribution):
                self._owners.setdefault(os.path.join(folder, relative), name)

    def describe(self, files: list[str]) -> Described:
        """Return the distribution of each file, empty if no package installed the file, and all
        versions.
        """
        return {
            "owners": [self._owners.get(file, "") for file in files],
            "distributions": self.versions,
        }


class Describer:
    """A separate process that reads the metadata while another process imports Airflow. It answers
    later.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.pid = faults.fork()
        if self.pid == 0:
            try:
                ours.close()
                self._serve(Channel(theirs))
            finally:
                os._exit(0)
        theirs.close()
        self._channel = Channel(ours)

    def leave(self) -> None:
        """Close this end in a process that does not use it, such as one that parses."""
        self._channel.socket.close()

    @staticmethod
    def _serve(channel: Channel) -> None:
        try:
            installed = Installed()
        except Exception as error:
            channel.send({"failed": faults.one_line(error)})
            return
        while True:
            request: DescribeRequest | None = channel.receive()
            if request is None:
                return
            channel.send(installed.describe(request["files"]))

    def ask(self, files: list[str]) -> Described | Failed:
        """Return the answer of ``Installed.describe``, or ``failed`` with the reason."""
        try:
            self._channel.send({"files": files})
        except OSError:
            pass  # it ended, and may have sent the reason before
        answer: Described | None = self._channel.receive()
        return answer or {"failed": "the process that reads the metadata died"}


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Read name and version from the first header lines. To parse the whole file, with the
    package's description, takes a hundred times longer.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    found = dict(_HEADER.findall(text[:2000]))
    return found.get("Name", ""), found.get("Version", "")


def _recorded(distribution: metadata.Distribution) -> list[str]:
    text = distribution.read_text("RECORD")
    if not text:
        return []
    return [
        line.partition(",")[0].strip('"')
        for line in text.splitlines()
        if ".py," in line or ".so," in line
    ]

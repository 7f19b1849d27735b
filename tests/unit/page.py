"""Reads a report as the browser would: its elements, and the data that its script unpacks."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from typing import Any


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data: dict[str, str] = {}
        self.scripts: list[str] = []
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._open = dict(attrs).get("id") or "(script)"

    def handle_data(self, data: str) -> None:
        if self._open == "(script)":
            self.scripts.append(data)
        elif self._open:
            self.data[self._open] = self.data.get(self._open, "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._open = ""


class Page:
    """A report: ``tags`` with attributes, the running ``scripts``, and ``index`` of its files."""

    def __init__(self, text: str) -> None:
        parsed = _Elements()
        parsed.feed(text)
        self.tags, self.scripts, self._data = parsed.tags, parsed.scripts, parsed.data
        self.index: dict[str, Any] = json.loads(self._data["index"])

    def unpacked(self, name: str) -> Any:
        """What an element holds."""
        return json.loads(gzip.decompress(base64.b64decode(self._data[name])))

    def details(self) -> list[dict[str, Any]]:
        """The views of all files, in the order of the index."""
        return [
            detail
            for number in range(len(self.index["pieces"]))
            for detail in self.unpacked(f"piece-{number}")
        ]

    def everything(self) -> str:
        """All data in one text."""
        return json.dumps(
            [
                json.loads(text) if name == "index" else self.unpacked(name)
                for name, text in self._data.items()
            ],
            ensure_ascii=False,
        )

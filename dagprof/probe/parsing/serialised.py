"""Reduces the serialised DAGs of one parse to digests for comparison and to readable text."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from .. import bounds

if TYPE_CHECKING:
    from ..protocol.rows import Json
    from ..versions.shapes import Document

# Bound before any DAG code can replace them.
_dumps, _loads, _sha256 = json.dumps, json.loads, hashlib.sha256
# The digest of a DAG whose serialised form is not JSON.
_UNKNOWN = "?"
# A value counts for so many characters besides its text. The text stands for the rest of a DAG.
_VALUE, _REST = 10, "(not shown)"


def name_of(dag_id: object) -> str:
    """The id of a DAG. Airflow allows at most ``bounds.NAME`` characters."""
    return bounds.cut(bounds.plain(dag_id), bounds.NAME)


def digests(documents: dict[str, Document]) -> dict[str, str]:
    """A short hash of each DAG's serialised form."""
    return {name_of(dag_id): _digest(document) for dag_id, document in documents.items()}


def _digest(document: object) -> str:
    try:
        return _hash(_text(document))
    except Exception:  # keys without an order, or values whose own methods raise
        return _UNKNOWN


def _text(document: object) -> str:
    return _dumps(document, sort_keys=True, default=repr)


def _hash(text: str) -> str:
    return _sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def contents(documents: dict[str, Document], wanted: list[str]) -> dict[str, Json]:
    """The serialised forms of the requested DAGs, with long texts cut."""
    named = {name_of(dag_id): document for dag_id, document in documents.items()}
    return {
        dag_id: _Shown().of(_loads(_text(named[dag_id]))) for dag_id in wanted if dag_id in named
    }


class _Shown:
    """Makes the values of one serialised DAG fit for display. Of a very large DAG it keeps the
    beginning and a hash of the rest, so that a difference in the rest still shows.
    """

    def __init__(self) -> None:
        self._left = bounds.DOCUMENT

    def of(self, value: Json) -> Json:
        self._left -= _VALUE
        if isinstance(value, dict):
            return self._mapping(list(value.items()))
        if isinstance(value, list):
            return self._sequence(value)
        return self._text(value) if isinstance(value, str) else value

    def _mapping(self, items: list[tuple[str, Json]]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for place, (key, value) in enumerate(items):
            if self._left < 0:
                found[_REST] = _hash(_dumps(items[place:]))
                break
            found[self._text(key)] = self.of(value)
        return found

    def _sequence(self, values: list[Json]) -> list[Json]:
        found: list[Json] = []
        for place, value in enumerate(values):
            if self._left < 0:
                found.append("%s %s" % (_REST, _hash(_dumps(values[place:]))))
                break
            found.append(self.of(value))
        return found

    def _text(self, text: str) -> str:
        shown = bounds.shown(text, bounds.MESSAGE)
        self._left -= len(shown)
        # A difference beyond the cut must show too.
        is_cut = len(text) > bounds.MESSAGE
        return "%s [%s]" % (shown, _hash(text)) if is_cut else shown

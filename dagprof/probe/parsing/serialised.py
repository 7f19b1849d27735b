"""Reduces the serialised DAGs of one parse to digests for comparison and to readable text."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ..cutting import cut

if TYPE_CHECKING:
    from ..protocol import Json
    from ..versions.shapes import Document

# Bound before any DAG code can replace them.
_dumps, _loads, _sha256 = json.dumps, json.loads, hashlib.sha256
_TEXT_LIMIT = 2000


def _text(document: object) -> str:
    return _dumps(document, sort_keys=True, default=repr)


def digests(documents: dict[str, Document]) -> dict[str, str]:
    """A short hash of each DAG's serialised form."""
    return {
        str(dag_id): _sha256(_text(document).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        for dag_id, document in documents.items()
    }


def contents(documents: dict[str, Document], wanted: list[str]) -> dict[str, Json]:
    """The serialised forms of the requested DAGs, with long texts cut."""

    def shown(value: Json) -> Json:
        if isinstance(value, dict):
            return {str(key): shown(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [shown(inner) for inner in value]
        return cut(value, _TEXT_LIMIT) if isinstance(value, str) else value

    return {
        dag_id: shown(_loads(_text(documents[dag_id]))) for dag_id in wanted if dag_id in documents
    }

"""What the serialised form of a DAG contains."""

from __future__ import annotations

from dagprof.model.base import Frozen


class SecretField(Frozen, frozen=True):
    """A field of a serialised DAG that contains a secret. ``field`` is the path of the field, such
    as ``load.env.PASSWORD``. The value is not stored.
    """

    dag_id: str
    field: str

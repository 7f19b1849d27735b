"""Records what dagprof took from the project and what it left out, in the order of discovery, and
formats the lists of names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagprof.model import Used
from dagprof.project.values import OFF
from dagprof.quantities import count, enumerated

_NAMES_SHOWN = 4


class Usages:
    """Collects rows during the search of the project. Each row says where dagprof found a setting
    and how to turn it off.
    """

    def __init__(self, used: Iterable[Used]) -> None:
        self._rows = [*used]

    def take(self, what: str, where: str = "", off: str = OFF) -> None:
        """Record that dagprof uses a setting; ``off`` says what the user can do instead."""
        self._rows.append(Used(what=what, where=where, off=off))

    def leave(self, what: str, where: str, why: str) -> None:
        """Record that dagprof does not use a setting, and why."""
        self._rows.append(Used(what=what, where=where, off=why, is_left_out=True))

    def all(self) -> tuple[Used, ...]:
        """All records so far."""
        return tuple(self._rows)


def counted(names: Sequence[str]) -> str:
    """``3 Variables and 2 Connections (AIRFLOW_VAR_A, … and 1 more)``."""
    kinds = {
        "AIRFLOW_VAR_": "Variable",
        "AIRFLOW_CONN_": "Connection",
        "AIRFLOW__": "Airflow setting",
    }
    counts: dict[str, int] = {}
    for name in names:
        kind = next(
            (word for prefix, word in kinds.items() if name.startswith(prefix)),
            "environment variable",
        )
        counts[kind] = counts.get(kind, 0) + 1
    words = [count(number, word) for word, number in counts.items()]
    return f"{enumerated(words)} ({shortened(names)})"


def listed(names: Sequence[str], kind: str) -> str:
    """``3 Variables (a, b and 1 more)``; ``kind`` is a plural."""
    word = kind if len(names) != 1 else kind.removesuffix("s")
    return f"{len(names)} {word} ({shortened(names)})"


def shortened(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")

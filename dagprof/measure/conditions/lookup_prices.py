"""The price of look-ups: what a look-up of a Variable or a Connection costs in Airflow's own DAG
processor.

dagprof answers look-ups itself, so that no parse reaches the user's secrets. The parse times
therefore exclude the time of look-ups. dagprof measures their price once for each Airflow and
machine, and keeps it in the cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from dagprof import bounded
from dagprof.config.settings import Depth, Settings
from dagprof.errors import DagprofError, MeasurementError
from dagprof.link.inquiries import live_lookups
from dagprof.link.messages.zygote import Prices
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.processes.zygote import Zygote
from dagprof.link.target import Target
from dagprof.measure.conditions.environment import machine
from dagprof.model import LOOKUP_KINDS, Doubt, FileResult, LookupPrices, Price, PriceSource
from dagprof.quantities import parse_latency

_LIMIT_S = 120.0
# The measurement usually ends within this time.
_USUAL_S = 20.0
_LARGEST = 10_000


def lookups(files: Iterable[FileResult]) -> list[tuple[str, str]]:
    """The kinds and keys of all Variables and Connections that the files look up."""
    found = (
        (access.kind, access.key)
        for file in files
        for access in file.accesses
        if access.kind in LOOKUP_KINDS and access.answered_by != "ignored"
    )
    return list(dict.fromkeys(found))


def live(
    target: Target,
    environment: Mapping[str, str],
    keys: Sequence[tuple[str, str]],
    own: LookupPrices | None,
    doubts: list[Doubt],
) -> LookupPrices | None:
    """The price with the user's own backends: the median of their times for each kind. In Airflow 3
    the supervisor's price ``own`` comes on top, because a parsing process asks it last. Lookups
    that failed have no price.
    """
    try:
        rows = live_lookups.ask(target, environment, keys)
    except MeasurementError as error:
        doubts.append(Doubt(code="no-lookup-price", text=str(error)))
        return own
    failed = [row for row in rows if row.error]
    if failed:
        text = (
            f"Your secrets backends failed to answer {len(failed)} of {len(rows)} lookups. The"
            f" first failed lookup was for {failed[0].key}."
        )
        doubts.append(Doubt(code="no-lookup-price", text=text))
    answered = [row for row in rows if not row.error]
    if not answered:
        return own

    def took_ms(kind: str, *, first: bool) -> float:
        of_kind = [row for row in answered if row.kind == kind] or answered
        times = [row.ms for row in of_kind if row.is_first is first]
        return statistics.median(times or [row.ms for row in of_kind])

    def price(kind: str) -> Price:
        base = None if own is None else (own.variable if kind == "variable" else own.connection)
        first_ms, next_ms = (base.first_ms, base.next_ms) if base is not None else (0.0, 0.0)
        return Price(
            first_ms=round(took_ms(kind, first=True) + first_ms, 3),
            next_ms=round(took_ms(kind, first=False) + next_ms, 3),
        )

    return LookupPrices(
        source=PriceSource.LIVE, variable=price("variable"), connection=price("connection")
    )


def prices(
    zygote: Zygote,
    settings: Settings,
    cache: str | None,
    doubts: list[Doubt],
    begins: Callable[[str], object],
    *,
    left_s: float,
) -> LookupPrices | None:
    """The price of look-ups: the measured one, or what the settings say. None if it is unknown.
    Adds to ``doubts`` why dagprof could not measure it. dagprof calls ``begins`` when it measures,
    which it does only if there is enough time left.
    """
    given = dict(map(parse_latency, settings.lookup_latency))
    if "" in given:
        return _given(given[""], given)
    if given.keys() >= set(LOOKUP_KINDS):
        return _given(0.0, given)
    file = _file(zygote, cache)
    found = _kept(file)
    if found is None and settings.depth in (Depth.NORMAL, Depth.FULL):
        if left_s < _USUAL_S:
            doubts.append(_unmeasured("the time budget ran out"))
            return None
        begins("measuring how long lookups take")
        found = _measured(zygote, doubts)
        if found is not None and file is not None:
            _keep(found, file)
    if found is None:
        return None
    measured = LookupPrices(
        source=PriceSource.MEASURED, variable=found.variable, connection=found.connection
    )
    return _changed(measured, given) if given else measured


def _given(every_ms: float, given: Mapping[str, float]) -> LookupPrices:
    flat = Price(first_ms=every_ms, next_ms=every_ms)
    return _changed(LookupPrices(source=PriceSource.GIVEN, variable=flat, connection=flat), given)


def _changed(prices: LookupPrices, given: Mapping[str, float]) -> LookupPrices:
    """The prices with those that the user gave. Any other name is a backend, which Airflow asks
    before its own database.
    """
    backends = sum(ms for name, ms in given.items() if name and name not in LOOKUP_KINDS)

    def price(kind: str, measured: Price) -> Price:
        if kind in given:
            return Price(first_ms=given[kind], next_ms=given[kind])
        return Price(first_ms=measured.first_ms + backends, next_ms=measured.next_ms + backends)

    return LookupPrices(
        source=PriceSource.GIVEN,
        variable=price("variable", prices.variable),
        connection=price("connection", prices.connection),
    )


def _measured(zygote: Zygote, doubts: list[Doubt]) -> Prices | None:
    reason = "a dagprof process died"
    with contextlib.suppress(ConnectionLost):
        try:
            return zygote.ask({"op": "prices"}, Prices, limit_s=_LIMIT_S)
        except DagprofError as error:
            reason = str(error)
    doubts.append(_unmeasured(reason))
    return None


def _unmeasured(reason: str) -> Doubt:
    text = (
        f"dagprof could not measure how long lookups take ({reason.rstrip('.')}). To set the time"
        " yourself, use --lookup-latency."
    )
    return Doubt(code="no-lookup-price", text=text)


def _file(zygote: Zygote, cache: str | None) -> Path | None:
    """The file that keeps the prices of this Airflow on this machine."""
    if cache is None:
        return None
    key = "|".join(
        (
            os.path.realpath(zygote.executable),
            zygote.airflow.version,
            zygote.python_version,
            machine(),
        )
    )
    return Path(cache) / f"lookup-prices-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _kept(file: Path | None) -> Prices | None:
    if file is None:
        return None
    try:
        return msgspec.json.decode(bounded.read(file, _LARGEST), type=Prices)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def _keep(prices: Prices, file: Path) -> None:
    """Keep the prices; where that is impossible, the next scan measures them again."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(msgspec.json.encode(prices))
            os.replace(name, file)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)

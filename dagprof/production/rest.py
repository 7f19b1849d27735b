"""Reads the DAGs and import errors of a deployment over the REST API of Airflow 3."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from dagprof.errors import UsageError
from dagprof.model import Production, ProductionSource
from dagprof.production.place import OPTION, TOKEN, Place
from dagprof.production.rows import DURATION, production

# The largest page that Airflow returns by default.
_PAGE = 100
_MOST_PAGES = 10_000
_LARGEST_BYTES = 64_000_000
_PIECE = 1 << 16
_TIMEOUT_S = 30.0
# Of all requests together.
_LIMIT_S = 600.0
_LONGEST_REASON = 200
_WAYS_OUT = {
    401: f"Set the environment variable {TOKEN} to a valid token.",
    403: (
        f"Set the environment variable {TOKEN} to a valid token of a user with permission to read"
        " all DAGs and import errors."
    ),
    404: (
        f"For Airflow 3, set {OPTION} to the base address of the web server. For Airflow 2, set"
        f" {OPTION} to the metadata database."
    ),
    405: f"Set {OPTION} to the base address of an Airflow 3 web server.",
    429: "Repeat the command later.",
}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, because urllib would send the token to the new address."""

    def redirect_request(self, *arguments: object) -> None:
        return None


class _Server:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._opener = urllib.request.build_opener(_NoRedirects())
        self._deadline = time.monotonic() + _LIMIT_S

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at a path below ``/api/v2/``.

        :raises UsageError: there is none.
        """
        address = f"{self._place.address}/api/v2/{path}"
        headers = {"Accept": "application/json", "User-Agent": "dagprof"}
        if self._place.token:
            headers["Authorization"] = f"Bearer {self._place.token}"
        try:
            request = urllib.request.Request(address, headers=headers)
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                data = self._body(response)
        except urllib.error.HTTPError as error:
            error.close()
            self._refuse_status(error.code)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._refuse_failure(error)
        return self._decoded(data)

    def pages(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        """The objects in the list ``key`` of all pages."""
        offset, mark = 0, "&" if "?" in path else "?"
        for _ in range(_MOST_PAGES):
            page = self.get(f"{path}{mark}limit={_PAGE}&offset={offset}")
            rows, total = page.get(key), page.get("total_entries")
            if not isinstance(rows, list) or not isinstance(total, int):
                self.refuse_stranger()
            yield from (row for row in rows if isinstance(row, dict))
            offset += len(rows)
            if not rows or offset >= total:
                return

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """The body of an answer, which may be endless or very slow."""
        found = bytearray()
        while piece := response.read1(_PIECE):
            found += piece
            if len(found) > _LARGEST_BYTES:
                self.refuse_stranger()
            if time.monotonic() > self._deadline:
                self._refuse(
                    f"needs more than {_LIMIT_S:.0f} s to send all data",
                    f"Set {OPTION} to the metadata database instead.",
                )
        return bytes(found)

    def _decoded(self, data: bytes) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            self.refuse_stranger()
        if not isinstance(found, dict):
            self.refuse_stranger()
        return found

    def _refuse_status(self, status: int) -> NoReturn:
        if 300 <= status < 400:
            self._refuse(
                f"redirects to another address (status {status})",
                f"Set {OPTION} to the final address. If the final address is a login page, give an"
                " address that needs no login page.",
            )
        what = http.client.responses.get(status, "unknown status")
        way_out = _WAYS_OUT.get(status, "Check the log of the web server.")
        self._refuse(f"answers with status {status} ({what})", way_out)

    def _refuse_failure(self, error: Exception) -> NoReturn:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, ssl.SSLCertVerificationError):
            self._refuse(
                "has a TLS certificate that this machine does not trust",
                "Set the environment variable SSL_CERT_FILE to the file with the certificate of"
                " your certificate authority.",
            )
        if isinstance(reason, ssl.SSLError):
            self._refuse(
                "does not use TLS", f"Set {OPTION} to an address that starts with http://."
            )
        if isinstance(reason, TimeoutError):
            self._refuse(f"does not answer within {_TIMEOUT_S:.0f} s", "Check the address.")
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        shown = self._place.redact(str(text))[:_LONGEST_REASON]
        self._refuse(f"does not answer ({shown})", f"Check the address in {OPTION}.")

    def refuse_stranger(self) -> NoReturn:
        """Raise the error about a server that is no Airflow 3."""
        self._refuse("is not the REST API of Airflow 3", _WAYS_OUT[404])

    def _refuse(self, why: str, way_out: str) -> NoReturn:
        raise UsageError(f"{self._place.shown} {why}. {way_out}") from None


def read(place: Place) -> Production:
    """What the web server says about DAG files.

    :raises UsageError: the server does not answer, refuses the token, or is no Airflow 3.
    """
    server = _Server(place)
    version = server.get("version").get("version")
    if not isinstance(version, str):
        server.refuse_stranger()
    dags = list(server.pages("dags?order_by=dag_id", "dags"))
    errors = server.pages("importErrors?order_by=import_error_id", "import_errors")
    return production(
        place,
        ProductionSource.REST,
        dags,
        (_error_row(row) for row in errors),
        has_durations=any(DURATION in row for row in dags),
        airflow_version=version,
    )


def _error_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the name that the table has for the stack trace."""
    return {**row, "stacktrace": row.get("stack_trace")}

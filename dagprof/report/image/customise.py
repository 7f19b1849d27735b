"""What a customised image can leave out, and the build arguments of the official Dockerfile."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.analyse.dependencies import image
from dagprof.analyse.dependencies.values import Customisation, Extra, Reason
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text

_MIB = 1 << 20
# Versions from which the official Dockerfile chooses Python itself.
_OWN_PYTHON = (3, 1)
# Programs of databases that the Dockerfile installs unless an argument says otherwise.
_CLIENTS = {"mysql": "INSTALL_MYSQL_CLIENT", "postgres": "INSTALL_POSTGRES_CLIENT"}


def render(found: Customisation) -> str:
    """The savings, the extras, and the command that builds the image."""
    lines = [
        _extras(found),
        *_savings(found),
        "",
        *_groups(found),
        "Build the image in the folder with the official Dockerfile of this Airflow version:",
        "",
        *_command(found),
    ]
    return "\n".join(lines) + "\n"


def _extras(found: Customisation) -> str:
    return (
        f"According to the list of default extras for Airflow {found.source}, the official image"
        f" contains {count(len(found.extras), 'extra')}."
    )


def mib(size_bytes: int) -> str:
    """A size as ``12.3 MiB``."""
    return f"{size_bytes / _MIB:.1f} MiB"


def _savings(found: Customisation) -> Iterator[str]:
    unused = [each for each in found.extras if each.reason is Reason.UNUSED]
    if not unused and not found.dropped:
        yield "dagprof found no extras or packages that the image can leave out."
        return
    more = f" and {count(len(found.dropped), 'other package')}" if found.dropped else ""
    yield (
        f"The image can leave out {count(len(unused), 'extra')}{more}. This removes"
        f" {count(len(found.left_out), 'installed distribution')} and saves"
        f" {mib(found.saved_bytes)}."
    )
    if found.unknown:
        yield (
            "A customised image can also leave out"
            f" {count(found.unknown, 'distribution')} that the official image contains but that"
            " this environment lacks. Their sizes are unknown. To show all sizes, run dagprof in"
            " the official image."
        )
    if found.cold_before_ms is not None and found.cold_after_ms is not None:
        yield _cold(found.cold_before_ms, found.cold_after_ms, found.cold_noise_ms)


def _cold(before_ms: float, after_ms: float, noise_ms: float) -> str:
    saved = before_ms - after_ms
    if saved <= 2 * noise_ms or saved <= 0:
        return (
            f"A cold start of Airflow takes {duration(before_ms)} with all distributions, and"
            f" {duration(after_ms)} without the removed distributions. The difference is within the"
            f" noise of ±{noise_ms:.0f} ms."
        )
    return (
        f"A cold start of Airflow takes {duration(before_ms)} with all distributions, and"
        f" {duration(after_ms)} without the removed distributions. This saves {duration(saved)}"
        f" (±{noise_ms:.0f} ms)."
    )


def _groups(found: Customisation) -> Iterator[str]:
    titles = {
        Reason.UNUSED: "Extras that the image leaves out, because no DAG file imports them:",
        Reason.CONFIGURABLE: (
            "Extras that the image keeps, because the configuration of Airflow may require them."
            " Remove the extras that your deployment does not use:"
        ),
        Reason.NAMED: "Extras that the image keeps, because the configuration names them:",
        Reason.IMPORTED: "Extras that the image keeps, because DAG files import them:",
    }
    for reason, title in titles.items():
        rows = [each for each in found.extras if each.reason is reason]
        if rows:
            yield title
            yield from map(_row, sorted(rows, key=lambda each: -each.size_bytes))
            yield ""
    for title, names in (
        ("Other packages that the image leaves out:", found.dropped),
        ("Other packages that the image keeps, although no DAG file imports them:", found.useful),
    ):
        if names:
            yield title
            yield from (f"  {safe_text(name, 200)}" for name in names)
            yield ""


def _row(extra: Extra) -> str:
    unknown = (
        f" and {count(extra.unknown, 'distribution')} of unknown size" if extra.unknown else ""
    )
    size = mib(extra.size_bytes) if extra.size_bytes or not extra.unknown else ""
    return f"  {extra.name:<18} {(size + unknown).removeprefix(' and ')}".rstrip()


def _command(found: Customisation) -> Iterator[str]:
    arguments = [
        ("AIRFLOW_VERSION", found.airflow_version),
        _python(found),
        ("AIRFLOW_EXTRAS", ",".join(found.kept)),
        *((("ADDITIONAL_AIRFLOW_EXTRAS", ",".join(found.added)),) if found.added else ()),
        *((("ADDITIONAL_PYTHON_DEPS", " ".join(found.packages)),) if found.packages else ()),
        *((name, "false") for extra, name in _CLIENTS.items() if extra not in found.kept),
    ]
    yield "docker build . \\"
    for name, value in arguments:
        kept = safe_text(value, 10_000).replace("'", "").replace("\\", "")
        yield f"    --build-arg {name}='{kept}' \\"
    yield f"    --tag my-airflow:{safe_text(found.airflow_version, 40)}"


def _python(found: Customisation) -> tuple[str, str]:
    if image.release(found.airflow_version) >= _OWN_PYTHON:
        return "AIRFLOW_PYTHON_VERSION", found.python_version
    minor = ".".join(found.python_version.split(".")[:2])
    return "PYTHON_BASE_IMAGE", f"python:{minor}-slim-bookworm"

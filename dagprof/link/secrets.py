"""The secrets that a probe receives at its start, from all sources."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

from dagprof.link.messages.zygote import ProbeConfig
from dagprof.redaction import values


def of_probe(environment: Mapping[str, str], config: ProbeConfig) -> Iterator[str]:
    """The secrets in the probe's environment, in its Airflow configuration, and in its answers."""
    yield from values.of_environment(environment)
    yield from values.of_settings(_configuration(environment))
    yield from values.of_settings(config["variables"])
    yield from values.of_connections(config["connections"])


def _configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of the ``airflow.cfg`` that the probe reads; none where it cannot be read."""
    home = environment.get("AIRFLOW_HOME", "")
    file = environment.get("AIRFLOW_CONFIG") or Path(home, "airflow.cfg")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}
    return {name: value for section in parser.values() for name, value in section.items()}

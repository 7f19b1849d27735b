"""``dagprof schema``: the JSON Schema of run.json."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of run.json.")
def command() -> int:
    """Print the JSON Schema of the run files that this version of dagprof writes."""
    from dagprof.store import runs

    click.echo(json.dumps(runs.schema(), indent=2))
    return 0

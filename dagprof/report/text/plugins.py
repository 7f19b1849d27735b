"""Texts about the cost of plugins. All reports use these texts. Airflow's plugin manager loads
plugins once, before the first parse.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from dagprof.model import Plugin, Run
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text

SHOWN = 3
NOTE = (
    "Airflow loads plugins once, before the first parse. Parse times exclude the time that plugins"
    " take to load. Changes to DAG files do not make plugins load faster or slower."
)


def slowest_first(run: Run) -> list[Plugin]:
    """The plugins of a Run, the slowest first. Plugins that Airflow could not load come last."""
    return sorted(
        run.plugins, key=lambda plugin: (bool(plugin.error), -plugin.wall_ms, plugin.name)
    )


def figures(plugin: Plugin) -> tuple[str, str, str]:
    """The time, the memory and the number of modules of one plugin."""
    return duration(plugin.wall_ms), f"{plugin.rss_kib / 1024:.1f} MiB", f"{plugin.modules:,}"


def named(plugin: Plugin) -> str:
    """The name and the source of a plugin, such as ``quality (plugins/quality.py)``."""
    name = safe_text(plugin.name, 80)
    return (
        f"{name} ({safe_text(plugin.source, 160)})"
        if plugin.source and plugin.source != plugin.name
        else name
    )


def summary(run: Run) -> str:
    """The costs of all plugins in a few sentences. Empty if there are no plugins."""
    if not run.plugins:
        return ""
    ranked = slowest_first(run)
    total = sum(plugin.wall_ms for plugin in ranked)
    memory = sum(plugin.rss_kib for plugin in ranked) / 1024
    first = ", ".join(
        f"{safe_text(plugin.name, 80)} {duration(plugin.wall_ms)}" for plugin in ranked[:SHOWN]
    )
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return (
        f"{count(len(ranked), 'plugin')} {_take(ranked)} {duration(total)} and {memory:.0f} MiB to"
        f" load: {first}{more}. {NOTE}"
    )


def _take(plugins: Sequence[Plugin]) -> str:
    return "takes" if len(plugins) == 1 else "take"


def failed(run: Run) -> list[str]:
    """A sentence for each plugin that Airflow could not load."""
    return [
        f"Airflow could not load the plugin {named(plugin)}: {safe_text(plugin.error, 300)}"
        for plugin in run.plugins
        if plugin.error
    ]


def render(run: Run, console: Console) -> None:
    """Print the summary. Print nothing if there are no plugins."""
    if text := summary(run):
        console.print()
        console.print(Text(text))

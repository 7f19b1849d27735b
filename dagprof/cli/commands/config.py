"""``dagprof config``: the settings in force and where each value comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from dagprof.config.policy import FileLimits, Override
    from dagprof.config.settings import Explained, Settings

_LISTS = ("overrides", "waivers")


@click.command("config", short_help="Show the active settings and their sources.")
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option(
    "--bundle-root",
    metavar="DIR",
    help="DAG folder. File patterns in overrides are relative to the DAG folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
def command(files: tuple[str, ...], bundle_root: str | None, as_json: bool) -> int:
    """Show all settings that apply in the current folder, with the value and the source of each
    setting.

    FILE is a DAG file. For each FILE, also show the limits of the gate, with overrides applied.
    """
    from dagprof.cli.output import stdout_console
    from dagprof.config import settings as settings_module

    options = {"bundle_root": bundle_root}
    settings, rows = settings_module.explained(options, environment=os.environ, start=Path.cwd())
    limits = [_limits(file, settings) for file in files]
    if as_json:
        click.echo(_json(settings, rows, limits))
        return 0
    console = stdout_console()
    _print_settings(settings, rows, console)
    _print_lists(settings, console)
    for each in limits:
        _print_limits(each, settings, console)
    return 0


class _Limits:
    """The limits of one file and the overrides that set them."""

    def __init__(
        self,
        path: str,
        root: Path,
        reason: str,
        limits: FileLimits,
        overrides: tuple[Override, ...],
    ) -> None:
        self.path, self.root, self.reason = path, root, reason
        self.limits, self.overrides = limits, overrides

    def rows(self, settings: Settings) -> list[tuple[str, Any, str]]:
        """Key, value and source. The source is the last override that sets the key, else the table
        ``gate``.
        """
        names = [name for name in self.limits.__struct_fields__ if name != "rules"]
        rows = [
            (name.replace("_", "-"), getattr(self.limits, name), self._by(settings, name))
            for name in names
        ]
        for rule, level in self.limits.rules.items():
            by = [each for each in self.overrides if rule in each.rules]
            rows.append((f"rules.{rule.value}", level, _number(settings, by)))
        return rows

    def _by(self, settings: Settings, name: str) -> str:
        return _number(
            settings, [each for each in self.overrides if getattr(each, name) is not None]
        )


def _number(settings: Settings, by: list[Override]) -> str:
    if not by:
        return "gate"
    # Compare identity: the list may hold equal overrides twice.
    number = next(number for number, each in enumerate(settings.overrides, 1) if each is by[-1])
    return f"override {number}"


def _limits(file: str, settings: Settings) -> _Limits:
    from dagprof.config import policy
    from dagprof.config.settings import leading_folders
    from dagprof.errors import UsageError
    from dagprof.link.target import bundle_root, existing

    (path,) = existing((file,))
    if os.path.isdir(path):
        raise UsageError(f"{file!r} is a folder. Give the path of a DAG file.")
    root, reason = bundle_root(settings, (path,), os.environ)
    below, folders = path.relative_to(root).as_posix(), leading_folders(settings, root)
    limits = policy.limits_for(below, settings.gate, settings.overrides, folders=folders)
    return _Limits(
        below, root, reason, limits, policy.matching(below, settings.overrides, folders=folders)
    )


def _text(value: Any) -> str:
    """A value as a table shows it."""
    from dagprof.report.escape import safe_text

    if value is None:
        return "-"
    if isinstance(value, (tuple, list)):
        return ", ".join(safe_text(str(item)) for item in value) or "none"
    return (
        safe_text(str(getattr(value, "value", value)))
        if not isinstance(value, bool)
        else str(value).lower()
    )


def _print_rows(rows: list[tuple[str, Any, str]], plain: tuple[str, ...], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from dagprof.report.escape import safe_text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for key, value, source in rows:
        style = "dim" if source in plain else "bold"
        table.add_row(
            f"  {key}", Text(_text(value), style=style), Text(safe_text(source), style="dim")
        )
    console.print(table)


def _print_settings(settings: Settings, rows: tuple[Explained, ...], console: Console) -> None:
    from rich.text import Text

    from dagprof.report.escape import safe_text

    file = (
        "No configuration file found."
        if settings.config_file is None
        else f"Configuration file: {settings.config_file}"
    )
    console.print(Text(safe_text(file)), soft_wrap=True)
    console.print()
    shown = []
    for row in rows:
        value = len(row.value) or None if row.key in _LISTS else row.value
        # The full path is printed above; repeating it would only widen the table.
        path = settings.config_file or ""
        source = (
            row.source.removesuffix(path) + Path(path).name
            if path and row.source.endswith(path)
            else row.source
        )
        shown.append((row.key, value, source))
    _print_rows(shown, ("default",), console)


def _print_lists(settings: Settings, console: Console) -> None:
    from rich.text import Text

    from dagprof.config.policy import today
    from dagprof.report.escape import safe_text

    if settings.overrides or settings.waivers:
        console.print()
    for number, override in enumerate(settings.overrides, 1):
        given = [f"{key} {_text(value)}" for key, value in _given(override)]
        line = f"override {number}  {_text(override.files)}: {'; '.join(given) or 'nothing'}"
        console.print(Text(line), soft_wrap=True)
    for number, waiver in enumerate(settings.waivers, 1):
        has_expired = waiver.has_expired(today())
        mark = "expired" if has_expired else "until"
        at = f", line {waiver.line}" if waiver.line else ""
        line = (
            f"waiver {number}  {_text(waiver.files)}{at}: {waiver.rule.value}, {mark}"
            f" {waiver.until}, "
        )
        console.print(
            Text(line + safe_text(waiver.reason), style="yellow" if has_expired else ""),
            soft_wrap=True,
        )


def _given(override: Override) -> list[tuple[str, Any]]:
    names = [name for name in override.__struct_fields__ if name not in ("files", "rules")]
    found = [(name.replace("_", "-"), getattr(override, name)) for name in names]
    return [(key, value) for key, value in found if value is not None] + [
        (f"rules.{rule.value}", level) for rule, level in override.rules.items()
    ]


def _print_limits(each: _Limits, settings: Settings, console: Console) -> None:
    from rich.text import Text

    from dagprof.report.escape import safe_text

    console.print()
    console.print(Text(f"Gate limits for {safe_text(each.path)}", style="bold"), soft_wrap=True)
    console.print(
        Text((f"DAG folder: {safe_text(str(each.root))} ({each.reason})"), style="dim"),
        soft_wrap=True,
    )
    _print_rows(each.rows(settings), ("gate",), console)


def _json(settings: Settings, rows: tuple[Explained, ...], limits: list[_Limits]) -> str:
    import json

    import msgspec

    from dagprof.config.policy import today

    values = {
        row.key: {"value": row.value, "source": row.source} for row in rows if row.key not in _LISTS
    }
    waivers = [
        {**msgspec.to_builtins(waiver), "expired": waiver.has_expired(today())}
        for waiver in settings.waivers
    ]
    overrides = [{"files": each.files, **dict(_given(each))} for each in settings.overrides]
    files = [
        {
            "path": each.path,
            "bundle-root": str(each.root),
            "limits": {
                key: {"value": value, "source": source}
                for key, value, source in each.rows(settings)
            },
        }
        for each in limits
    ]
    document = {
        "file": settings.config_file,
        "settings": values,
        "overrides": overrides,
        "waivers": waivers,
        "files": files,
    }
    return json.dumps(msgspec.to_builtins(document), indent=2)

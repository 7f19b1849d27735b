"""Malformed files and values that a user gives: configuration, options, Variables, Connections."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from dagprof.cli import cli, main
from dagprof.config import settings as settings_module
from dagprof.config.policy import Policy, Rule
from dagprof.config.settings import Settings
from dagprof.errors import DagprofError
from dagprof.link import lookups, project
from dagprof.project import discover
from fuzzing import texts
from fuzzing.mutations import NUMBERS, OTHERS, TEXTS, Json, Raw, broken, mutated, written
from fuzzing.stored import check_sentence

KEYS = [field.replace("_", "-") for field in Settings.__struct_fields__]
NESTED = [f"gate.{field.replace('_', '-')}" for field in Policy.__struct_fields__]
RULES = [f"gate.rules.{rule.value}" for rule in Rule]


def config_case(chance: random.Random, folder: Path) -> None:
    """A configuration file."""
    name = chance.choice(["pyproject.toml", "dagprof.toml"])
    text = texts.toml(chance, [*KEYS, *NESTED, *RULES], name)
    data = broken(text, chance) if chance.random() < 0.4 else text
    (folder / name).write_bytes(data)
    try:
        settings, _ = settings_module.explained({}, environment={}, start=folder)
        _used(settings)
    except DagprofError as error:
        check_sentence(error)
    finally:
        (folder / name).unlink()


def options_case(chance: random.Random, folder: Path) -> None:
    """Options as Python values, and environment variables."""
    names = chance.sample(list(Settings.__struct_fields__), chance.choice([1, 2, 5]))
    options = {name: _value(chance) for name in names}
    variables = [f"DAGPROF_{name.upper()}" for name in chance.sample(names, len(names) // 2)]
    environment = {
        name: str(_value(chance)).replace("\0", "") for name in [*variables, "DAGPROF_GATE_SAMPLE"]
    }
    try:
        _used(settings_module.load(options, environment=environment, start=folder))
    except DagprofError as error:
        check_sentence(error)


def _used(settings: Settings) -> None:
    """Settings in force are kept in Runs and keys, and are read again."""
    json.dumps(msgspec.to_builtins(settings))
    settings_module.leading_folders(settings, Path("/dags"))


def _value(chance: random.Random) -> Json:
    plain = [each for each in (*NUMBERS, *TEXTS, *OTHERS) if not isinstance(each, Raw)]
    words = [*texts.WORDS, {"rules": {"slower": "off"}}, [{"files": ["*"]}], float("nan"), 10**400]
    found = chance.choice([*plain, *words, *words])
    return _plain(mutated(found, chance, 1)) if chance.random() < 0.2 else found


def _plain(value: Json) -> Json:
    """Without what only a document can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Raw) else value


def command_case(chance: random.Random, folder: Path) -> None:
    """A command line that can measure nothing, since there is no such folder."""
    command = chance.choice(["scan", "gate", "explain", "report", "compare", "config", "schema"])
    known = [
        chance.choice(option.opts)
        for option in cli.get_command(click.Context(cli), command).params  # type: ignore[union-attr]
        if isinstance(option, click.Option) and option.name not in ("opens", "help")
    ]
    arguments = [command]
    for _ in range(chance.choice([0, 1, 2, 4])):
        arguments += [chance.choice(known or ["--x"]), chance.choice(texts.WORDS)]
    arguments += chance.sample(["nowhere", "--", "-x", "", "a" * 5_000, "x:9", "run.json"], 2)
    arguments = [each.replace("\0", "") for each in arguments]
    with _silent(), _inside(folder):
        code = main(arguments)
    assert code in (0, 1, 2, 3), (code, arguments)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        yield


def answers_case(chance: random.Random, folder: Path) -> None:
    """A file of Variables or Connections, or of both with environment variables."""
    what = chance.choice(["variables", "connections"])
    document = chance.choice([texts.VARIABLES, texts.CONNECTIONS, texts.FILLED_IN])
    if chance.random() < 0.5:
        data = written(mutated(document, chance)).encode("utf-8")
    else:
        data = texts.yaml(chance)
    data = broken(data, chance) if chance.random() < 0.2 else data
    place = folder / chance.choice(["a.json", "a.yaml", "a.env"])
    place.write_bytes(data)
    try:
        found = lookups.read(str(place), what)
        added = lookups.environment(str(place))
        lookups.secrets({**added, **found}, found)
        json.dumps({what: found, "environment": added})  # as it is sent to the probe
    except DagprofError as error:
        check_sentence(error)


def env_case(chance: random.Random, folder: Path) -> None:
    """A file for ``--env-file``."""
    text = texts.env(chance)
    place = folder / "a.env"
    place.write_bytes(broken(text, chance) if chance.random() < 0.3 else text)
    settings = Settings(env_file=str(place), project=False)
    located = discover.Located(None, "", None)
    try:
        around = project.around(settings, Path(sys.executable), folder, {"A": "1"}, located, folder)
    except DagprofError as error:
        check_sentence(error)
        return
    for name, value in around.environment.items():
        os.fsencode(name + value)
        assert "\0" not in name + value

"""The page about the configuration names every key with its default, and its example works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec

from dagprof.config import settings
from dagprof.config.checks import Checks
from dagprof.config.policy import DEFAULT_LEVELS, DESCRIPTIONS, FileLimits, Override, Policy, Waiver

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """The cells of a section's table by the name in the first one."""
    section = PAGE.partition(f"## `{heading}`\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: row[1:] for row in rows}


def dashed(names: tuple[str, ...]) -> list[str]:
    return [name.replace("_", "-") for name in names]


def default(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value == () else str(getattr(value, "value", value))


def test_every_key_has_its_default() -> None:
    top, gate = table("[tool.dagprof]"), table("[tool.dagprof.gate]")
    plain = settings.Settings()
    assert list(top) == [
        key for key in dashed(settings.Settings.__struct_fields__) if key != "config-file"
    ]
    tables = ("gate", "check")
    assert {key: row[0] for key, row in top.items() if key not in tables} == {
        key: default(getattr(plain, key.replace("-", "_"))) for key in top if key not in tables
    }
    assert sorted(gate) == sorted(dashed(Policy.__struct_fields__))
    assert {key: row[0] for key, row in gate.items() if key != "rules"} == {
        key: default(getattr(plain.gate, key.replace("-", "_"))) for key in gate if key != "rules"
    }
    assert [key for key, row in gate.items() if row[2] == "yes"] == dashed(
        FileLimits.__struct_fields__
    )


def test_every_key_of_the_check_has_its_default() -> None:
    found = table("[tool.dagprof.check]")
    plain = json.loads(msgspec.json.encode(Checks()))
    assert list(found) == list(plain)
    for key, (shown, _) in found.items():
        expected = "none" if plain[key] is None else json.dumps(plain[key])
        assert shown == expected


def test_every_rule_has_its_level_and_sentence() -> None:
    assert table("[tool.dagprof.gate.rules]") == {
        rule.value: [level.value, DESCRIPTIONS[rule]] for rule, level in DEFAULT_LEVELS.items()
    }


def test_every_key_of_a_waiver_is_named() -> None:
    named = table("[[tool.dagprof.waivers]]")
    assert set(named) == set(Waiver.__struct_fields__) - {"file", "comment_line"}
    assert set(Override.__struct_fields__) - set(FileLimits.__struct_fields__) == {"files"}


def test_the_example_works(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    (tmp_path / "pyproject.toml").write_text(example[1])
    found = settings.load({}, environment={}, start=tmp_path)
    assert (found.repeat, found.gate.budget, found.overrides[0].budget, len(found.waivers)) == (
        5,
        "2s",
        "4s",
        1,
    )
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "dagprof.toml").write_text(
        example[1].replace("[tool.dagprof]\n", "").replace("tool.dagprof.", "")
    )
    own = settings.load({}, environment={}, start=tmp_path)
    assert (own.gate, own.overrides) == (found.gate, found.overrides)

"""Text of the files that users write: TOML, YAML, ``.env``."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

VARIABLES: dict[str, Any] = {
    "plain": "text",
    "number": {"value": 7, "description": "n"},
    "password": "hunter2",
    "settings": {"host": "db.example", "list": [1, 2.5, None, True]},
}
CONNECTIONS: dict[str, Any] = {
    "uri": "postgres://a:b@host:5432/x?y=z",
    "fields": {"conn_type": "http", "host": "h", "port": 1, "password": "p", "extra": {"a": "b"}},
    "listed": ["mysql://h"],
    "json": '{"conn_type": "http", "extra": "{}"}',
}
FILLED_IN: dict[str, Any] = {
    "dagprof-answers": 1,
    "variables": {"a": None, "b": "x", "c": [1]},
    "connections": {"d": {"conn_type": None, "host": "h"}},
    "environment": {"E": "f", "G": True, "H": 1.5, "I": None},
}
WORDS = (
    *(
        "0",
        "1",
        "-1",
        "7",
        "2.5",
        "1e999",
        "nan",
        "inf",
        "99999999999999999999",
        "0x10",
        "1_0",
        " ",
    ),
    *("", "stub", "error", "cold", "warm", "processor", "fork", "spawn", "quick", "full", "all"),
    *("50ms", "1.5s", "-1s", "9" * 400 + "s", "20%", "0%", "100%", "1e5%", "%", "9" * 5_000 + "%"),
    *("true", "false", "off", "warning", "2026-01-01", "HEAD", "dags", "/dev/null", "/", "~", "~x"),
    *("run.json", "/dev/zero/x", "a\tb", "\udcff", "é", "\u202e", "*", "**/x", "[", "(", "\\", "-"),
)
_VALUES = (
    *("1", "0", "-1", "1.5", "nan", "inf", "-inf", "true", "false", '"x"', '"50ms"', '"20%"', '""'),
    *(
        "[]",
        '["a", "b"]',
        "[1, [2]]",
        "{}",
        "{a = 1}",
        "2026-01-01",
        "07:32:00",
        "1979-05-27T07:32Z",
    ),
    *("99999999999999999999", "9" * 5_000, "0xff", "1e400", '"""a\nb"""', "'''x'''", '"\\ud800"'),
    *("[" * 400 + "]" * 400, '"' + "a" * 5_000 + '"', '"error"', '"off"', '"stub"', '"\\u0000"'),
    *('["*.py"]', '[""]', '"slower"', '"2026-13-01"', "[{files = ['*']}]", "'", "[", '{"a" = '),
)


def toml(chance: random.Random, keys: Sequence[str], name: str) -> bytes:
    """A configuration file; the keys are those that there are, and some others."""
    prefix = "tool.dagprof" if name == "pyproject.toml" else ""
    lines = [f"[{prefix}]"] if prefix and chance.random() < 0.9 else []
    for _ in range(chance.choice([1, 2, 3, 6])):
        key = chance.choice([*keys, *keys, "x", "gate", "overrides", "waivers", "a.b.c", '"k y"'])
        if chance.random() < 0.2:
            table = chance.choice(["gate", "gate.rules", "overrides", "waivers", "x", "gate.x"])
            whole = f"{prefix}.{table}".lstrip(".")
            lines.append(chance.choice([f"[{whole}]", f"[[{whole}]]"]))
        if chance.random() < 0.15:
            lines.append(_waiver(chance))
        elif key.startswith("gate.") and chance.random() < 0.5:
            lines.append(f"{key.removeprefix('gate.')} = {chance.choice(_VALUES)}")
        else:
            lines.append(f"{key} = {chance.choice(_VALUES)}")
    if chance.random() < 0.1:
        lines.append(".".join(["a"] * chance.choice([50, 500, 3_000])) + " = 1")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _waiver(chance: random.Random) -> str:
    pairs = {"files": "['*']", "rule": "'slower'", "reason": "'r'", "until": "2030-01-01"}
    pairs[chance.choice([*pairs, "line", "rules.slower"])] = chance.choice(_VALUES)
    return "\n".join(f"{key} = {value}" for key, value in pairs.items() if chance.random() < 0.95)


_KEYS = (
    *("a", "plain", "dagprof-answers", "variables", "connections", "environment", "value", "1"),
    *("2026-01-01", "null", "true", "1.5", "~", '"q"', "'s'", "? x", "<<", "&k k", "[1]", "{b: 1}"),
    *("!!binary aGk=", "=", "é", "a: b", "-", "*x", "description", "conn_type", "password", "0o7"),
)
_SCALARS = (
    *("1", "0x1f", "1:20:30", "1e3", ".inf", ".nan", "~", "null", "yes", "2026-01-01", "=", "<<"),
    *("2026-01-01T10:00:00Z", "2026-01-01 10:00:00.5 +1", "0000-00-00", "9" * 5_000, "0b1", "0o8"),
    *("!!binary aGVsbG8=", "!!binary ??", "!!int x", "!!float x", "!!bool x", "!!timestamp x"),
    *("!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1, a: 2]", "!!python/object:os.system x"),
    *("!!python/name:os.system", "!custom x", "!!str 1", "!!null x", "!!map x", "!!seq {a: 1}"),
    *(
        "'text'",
        '"te\\xtxt"',
        '"\\ud800"',
        "|\n    block\n    text",
        ">-\n    folded",
        "[1, 2",
        "{a: 1",
    ),
    *(
        "&a [x, x]",
        "*a",
        "*b",
        "&b {k: *a}",
        "[*a, *a, *a]",
        "{<<: *b, k: 2}",
        "&c [*c]",
        "@x",
        "`x",
    ),
    *(
        "postgres://u:p@h/x",
        "{conn_type: http}",
        "[mysql://h]",
        "%TAG",
        "# only",
        "a" * 70_000,
        "\t",
    ),
    *("[" * 90 + "]" * 90, "[" * 500 + "]" * 500, "[" * 40_000, "{a: " * 300 + "1" + "}" * 300),
)


def yaml(chance: random.Random) -> bytes:
    """A mapping in YAML, with what only YAML has; sometimes a bomb."""
    if chance.random() < 0.03:
        return _bomb(chance)
    lines = []
    if chance.random() < 0.1:
        lines.append(chance.choice(["---", "%YAML 1.1\n---", "--- |", "...", "- a", "\ufeff"]))
    indent = ""
    for _ in range(chance.choice([1, 2, 3, 6, 12])):
        lines.append(f"{indent}{chance.choice(_KEYS)}: {chance.choice(_SCALARS)}")
        if chance.random() < 0.25:
            lines.append(f"{indent}{chance.choice(_KEYS)}:")
            indent += chance.choice(["  ", "    ", " ", "\t"])
        elif chance.random() < 0.2:
            indent = ""
        if chance.random() < 0.1:
            lines.append(f"{indent}- {chance.choice(_SCALARS)}")
    if chance.random() < 0.05:
        lines.append("---\nb: 1")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _bomb(chance: random.Random) -> bytes:
    """Aliases of aliases, as lists or merged mappings."""
    deep, wide = chance.choice([3, 6, 9, 30]), chance.choice([2, 9, 100])
    lines = ["a0: &a0 [x, x, x]"]
    for number in range(1, deep):
        inside = ", ".join([f"*a{number - 1}"] * wide)
        lines.append(f"a{number}: &a{number} [{inside}]")
    merged = ["m0: &m0 {k: v}"]
    for number in range(1, deep):
        inside = ", ".join([f"*m{number - 1}"] * wide)
        merged.append(f"m{number}: &m{number} {{<<: [{inside}], k{number}: v}}")
    return "\n".join(chance.choice([lines, merged, lines + merged])).encode()


_NAMES = (
    *("A", "AIRFLOW_VAR_X", "export B", " C ", "1D", "E F", "", "G.H", "é", "PATH", "LD_PRELOAD"),
    *("'Q'", '"Q"', "#x", "A\0B", "_", "-", "a" * 3_000, "AIRFLOW__CORE__X", "PYTHONPATH", "A=B"),
)
_TEXTS = (
    *(
        "1",
        "",
        "'single'",
        '"double"',
        '"a\\nb"',
        "'open",
        '"open',
        "a # comment",
        "${A}",
        "$A",
        "$$",
    ),
    *(
        "${A:-x}",
        "${A:?no}",
        "${A:+$B}",
        "${",
        "${}",
        "${A:-${B:-${C}}}",
        "$(id)",
        "`id`",
        "\\",
        "'\\''",
    ),
    *("${" * 300, "$A" * 300, "x" * 120_000, "\0", "é", "\u202e", "=", "a=b", "\t", '"""', "%(a)s"),
    *("multi\\\nline", "{a: b}", '{"a": 1}', "2026-01-01", "${A}${A}${A}${A}", "'${A}'", '"${A}"'),
)


def env(chance: random.Random) -> bytes:
    """Lines as ``.env`` files have them; sometimes values of values of values."""
    if chance.random() < 0.02:
        lines = [
            f"L{number}={f'$L{number - 1}' * 50 if number else 'x' * 50}" for number in range(30)
        ]
        return "\n".join(lines).encode()
    lines = []
    for _ in range(chance.choice([1, 2, 5, 20])):
        lines.append(
            f"{chance.choice(_NAMES)}{chance.choice(['=', '=', ' = ', '', ': '])}{chance.choice(_TEXTS)}"
        )
    return chance.choice(["\n", "\n", "\r\n", "\r"]).join(lines).encode("utf-8", "surrogatepass")

"""Values that the source around a failure suggests as answers."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from dagprof.passes.answers import guesses, literals, patterns


def near(folder: Path, source: str, line: int) -> literals.Literals:
    file = folder / "a.py"
    file.write_text(source, encoding="utf-8")
    return literals.near([(str(file), line)])


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$",
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        r"^arn:aws:iam::\d{12}:role/",
        r"(?P<a>x|y)-(?P=a)",
        r"[^\w\s]{3}\S+\s\D",
        r"(?:gs|s3)://.+?/(\w*)\1",
        r"[\u4e00-\u4e10]",
        r"(?i)^ab?c$",
    ],
)
def test_an_example_matches_its_pattern(pattern: str) -> None:
    text = patterns.example(pattern)
    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["(", "a{1000}", "((((a{200}){200}){200}){200})", "(" * 5000 + ")" * 5000, "", "^$"]
)
def test_a_pattern_that_is_invalid_or_needs_a_long_text_gives_no_example(pattern: str) -> None:
    assert patterns.example(pattern) is None


@pytest.mark.parametrize(
    ("condition", "accepted"),
    [
        ('not u.startswith("gs://")', lambda text: text.startswith("gs://")),
        ('not u.startswith(("abfss://", "x"))', lambda text: text.startswith("abfss://")),
        ('not u.endswith(".json")', lambda text: text.endswith(".json")),
        ('"@" not in u', lambda text: "@" in text),
        ("len(u) != 12", lambda text: len(text) == 12),
        ('u.count(".") != 2', lambda text: text.count(".") == 2),
        ('u != "prod"', lambda text: text == "prod"),
        ("u != PREFIX", lambda text: text == "far away"),
    ],
)
def test_words_satisfy_the_condition_around_the_failure(
    tmp_path: Path, condition: str, accepted: object
) -> None:
    source = (
        f'PREFIX = "far away"\n{20 * chr(10)}if {condition}:\n    raise ValueError("never this")\n'
    )
    words = near(tmp_path, source, 23).words
    assert any(accepted(word) for word in words[:4])  # type: ignore[operator]
    assert not any("never this" in word for word in words)


def test_numbers_come_with_their_neighbours_and_names_are_followed(tmp_path: Path) -> None:
    source = (
        "LOW, HIGH = -5, 9.5\n" + 20 * "\n" + "if not LOW < n < HIGH:\n    raise ValueError(3)\n"
    )
    assert set(near(tmp_path, source, 23).numbers) == {-5, -4, -6, 9.5, 10, 9}


def test_keys_of_documents_are_found(tmp_path: Path) -> None:
    found = near(tmp_path, 'a = c["pool"]["name"]\nif "owner" not in c: c.get("team")\n', 2)
    assert set(found.keys) == {"pool", "name", "owner", "team"}


@pytest.mark.parametrize(
    ("source", "is_repeated"),
    [
        ("for a in b:\n    raise E", True),
        ("while a:\n    raise E", True),
        ("a = [\n f(b) for b in c]", True),
        ("if a:\n    raise E", False),
        ("for a in b: pass\nraise E", False),
    ],
)
def test_loops_around_the_failure_are_seen(tmp_path: Path, source: str, is_repeated: bool) -> None:
    assert near(tmp_path, source, 2).is_repeated is is_repeated


def test_sources_that_nobody_can_read_give_nothing(tmp_path: Path) -> None:
    assert near(tmp_path, "a = = 1", 1) == literals.Literals([], [], [], False)
    assert literals.near([(str(tmp_path / "missing.py"), 1)]).words == []


def test_nested_documents_have_all_keys_on_each_level() -> None:
    document = guesses.nested(["a", "b"]).json["is"]
    assert isinstance(document, dict)
    assert document["b"]["a"]["b"] == "2"
    assert len(guesses.nested([str(n) for n in range(50)]).text) < 20_000


def test_a_large_source_is_searched_in_seconds(tmp_path: Path) -> None:
    lines = ["t = build(t, 'x', 7)"] * 20_000
    began = time.monotonic()
    near(tmp_path, "\n".join([*lines, "int(t)"]), len(lines) + 1)
    near(tmp_path, "x=x\n" * 1_000_000, 7)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text", ["db.prod.corp", "https://api.example.com/x", "/data/in", "~/x", "../up/x", "s3://b/k"]
)
def test_names_of_things_that_may_exist_are_no_answers(tmp_path: Path, text: str) -> None:
    assert text not in near(tmp_path, f"if value != {text!r}:\n    raise ValueError\n", 2).words


def test_other_words_stay(tmp_path: Path) -> None:
    source = "if value not in ('prod', 'eu-west-1', 'a.b1', '2.3'):\n    raise ValueError\n"
    assert set(near(tmp_path, source, 2).words) >= {"prod", "eu-west-1", "a.b1", "2.3"}

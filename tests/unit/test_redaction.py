"""The table of patterns: what each row must find, what must stay, and how long it may take."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator

import pytest
from planted import planted

from dagprof.redaction import MASK, Redactor, redactor, search
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.patterns import PATTERNS, Pattern

SEEDS = range(10)
EXAMPLES = [
    pytest.param(pattern, example, id=f"{pattern.name}: {example[:60]!r}")
    for pattern in PATTERNS
    for example in pattern.examples
]
LOOK_ALIKES = [
    pytest.param(text, id=f"{pattern.name}: {text[:60]!r}")
    for pattern in PATTERNS
    for text in pattern.look_alikes
]


def test_each_pattern_has_an_example_and_a_look_alike() -> None:
    assert len({pattern.name for pattern in PATTERNS}) == len(PATTERNS)
    for pattern in PATTERNS:
        assert pattern.examples, pattern.name
        assert pattern.look_alikes, pattern.name


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES)
def test_each_example_is_found_by_its_pattern_and_masked(pattern: Pattern, example: str) -> None:
    for seed in SEEDS:
        made = planted(example, seed)
        found = [made.text[start:end] for start, end in pattern.find(made.text)]
        assert found, made.text
        shown = Redactor()(made.text)
        assert MASK in shown
        assert not [secret for secret in made.secrets if secret in shown], (made.text, shown)


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES)
def test_a_secret_is_masked_inside_other_text(pattern: Pattern, example: str) -> None:
    """Behind a line, in a text in quotes as ``repr`` and JSON write it, and before more text."""
    for seed in SEEDS[:3]:
        made = planted(example, seed)
        for text in (f"first\n{made.text}\nlast", f"{made.text} ", repr(f"a\n{made.text}")):
            shown = Redactor()(text)
            assert not [secret for secret in made.secrets if secret in shown], (text, shown)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_each_look_alike_stays(text: str) -> None:
    assert Redactor()(text) == text


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES)
def test_what_is_masked_stays_as_it_is(pattern: Pattern, example: str) -> None:
    shown = Redactor()(planted(example, 0).text)
    assert Redactor()(shown) == shown


# Beginnings, separators and quotes that make a regular expression try again.
PIECES = (
    *("-pwd", "-pwd-pwd=", "password", "a", "a ", "A1/", "eyJ", "eyJ-", '"', "'", "\\", '\\"'),
    *('password="', 'password=\\"', "password=''", "password=[", "password: |\n  ", "secret;"),
    *("x://", "x://a:", "https://a@", "://:", "@", "a:b@", "(", "[", "{", ", ", "=", "x=", "&key="),
    *("--token ", "--token '", "token token ", "auth: basic ", "Bearer ", "Cookie: a=", "key: "),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n\n", "a: a: ", "<a ", "<a>"),
    *("%22", "password%3A", "name: x ", "mysql -p", "curl -u a:", "ask-", "ghp_", "s.", "\n ", "1"),
)


def hostile(pattern: Pattern) -> Iterator[str]:
    """Pieces to repeat: those above, the pattern's own examples, and the words in them."""
    yield from PIECES
    for example in (*pattern.examples, *pattern.look_alikes):
        text = planted(example, 1).text
        yield text
        yield from re.findall(r"[\w%.-]+|[^\w\s]+", text)
    chance = random.Random(pattern.name)
    for _ in range(10):
        yield "".join(chance.choices(PIECES, k=5))


def seconds(function: Callable[[str], Iterator[Span]], text: str) -> float:
    """CPU time of one call, the least of three."""
    times = []
    for _ in range(3):
        began = time.thread_time()
        list(function(text))
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_ten_times_the_text_takes_ten_times_as_long(pattern: Pattern) -> None:
    for piece in dict.fromkeys(hostile(pattern)):
        small, large = (piece * (size // len(piece) + 1) for size in (3_000, 30_000))
        took = seconds(pattern.find, large)
        # A quadratic search would take a hundred times as long.
        assert took < 0.02 or took < 40 * seconds(pattern.find, small), piece


def test_what_took_over_a_minute_takes_a_moment() -> None:
    began = time.thread_time()
    assert Redactor()("-pwd" * 8000) == "-pwd" * 8000
    assert time.thread_time() - began < 0.5


def test_a_secret_where_a_long_text_is_divided_is_masked() -> None:
    secret = planted("ghp_<alnum 36>", 1).text
    for shift in range(0, 60, 7):
        text = "x " * ((redactor._PIECE - shift) // 2) + secret + " y" * 50_000
        shown = Redactor()(text)
        assert shown == text.replace(secret, MASK)


def test_a_key_that_is_longer_than_a_piece_is_masked() -> None:
    body = "\n".join(planted("<base64 64>", number).text for number in range(2000))
    text = f"before\n-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\nafter"
    assert Redactor()(text) == f"before\n{MASK}\nafter"


def test_after_the_deadline_the_rest_is_not_shown() -> None:
    ticks = iter(range(100))
    secret = planted("<alnum 12>", 1).text
    text = f"password={secret}\n" + "word " * 100_000 + f"password={secret}"
    shown = Redactor(limit_s=2.0, clock=lambda: float(next(ticks)))(text)
    assert secret not in shown
    assert shown.startswith("password=***\nword word")
    assert shown.endswith(f"\n{redactor.NOT_SHOWN}")
    assert len(shown) < len(text) / 2


def test_the_lines_of_source_code_stay_where_they_are() -> None:
    key = planted(
        "-----BEGIN PRIVATE KEY-----\n<base64 64>\n<base64 64>\n-----END PRIVATE KEY-----", 1
    )
    source = f'KEY = """{key.text}"""\nlast = 1\n'
    shown = Redactor().source(source)
    assert shown == f'KEY = """{MASK}\n\n\n"""\nlast = 1\n'
    assert Redactor()(source) == f'KEY = """{MASK}"""\nlast = 1\n'


def test_text_without_any_secret_is_the_same_object() -> None:
    text = "from airflow import DAG"
    assert Redactor()(text) is text


def test_the_patterns_stand_any_text() -> None:
    chance = random.Random(7)
    for _ in range(300):
        text = "".join(chance.choices([*PIECES, "\x00", "é", "\udc80", "%", "\r\n"], k=40))
        for start, end in search.spans(text):
            assert 0 <= start <= end <= len(text)

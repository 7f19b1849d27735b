"""A wait for a missing service is reported with the line, the host, the time and the fix."""

from __future__ import annotations

import pytest

from dagprof.model import Effect
from dagprof.passes.answers import absent


def effect(
    kind: str, what: str, ms: float, *, failed: int = 1, count: int = 1, line: int = 7
) -> Effect:
    return Effect(
        kind=kind,
        what=what,
        file="/dags/a.py",
        line=line,
        count=count,
        wall_us=int(ms * 1000),
        failed=failed,
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            effect("socket", "169.254.169.254:80", 9000, failed=3, count=3),
            ["9.0 s (3 attempts)", "NO_GCE_CHECK"],
        ),
        (
            effect("dns", "metadata.google.internal", 150),
            ["Google Cloud's", "GOOGLE_APPLICATION_CREDENTIALS"],
        ),
        (
            effect("http", "GET http://169.254.170.2/v2/credentials", 1000),
            ["Amazon's", "AWS_EC2_METADATA_DISABLED"],
        ),
        (
            effect("http", "GET https://api.example:8443/x", 2500),
            ["api.example. This host does not respond", "2.5 s"],
        ),
    ],
)
def test_it_names_the_line_the_host_the_time_and_the_way_out(
    found: Effect, words: list[str]
) -> None:
    (doubt,) = absent.doubts([found])
    assert doubt.code == "waits-in-vain"
    assert doubt.text.startswith("a.py:7 waits ")
    assert all(word in doubt.text for word in words)
    assert "so the parse time in production may differ" in doubt.text


@pytest.mark.parametrize(
    "found",
    [
        effect("socket", "169.254.169.254:80", 3000, failed=0),
        effect("dns", "api.example", 20),
        effect("dns", "dagprof-stub.invalid", 900),
        effect("process", "gcloud auth", 9000),
    ],
)
def test_what_answers_or_costs_nothing_is_no_note(found: Effect) -> None:
    assert absent.doubts([found]) == []


def test_attempts_at_one_line_are_added_up() -> None:
    rows = [
        effect("socket", "metadata.google.internal:80", 3000),
        effect("dns", "metadata.google.internal", 100),
    ]
    (doubt,) = absent.doubts(rows)
    assert "3.1 s (2 attempts)" in doubt.text

"""Files of Variables and Connections that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import planted

from dagprof.errors import UsageError
from dagprof.link import lookups

SECRET = planted("<alnum 16>", 1).text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a: 1\npassword: [{SECRET}\n", "line 3"),
        (f'a: 1\npassword: "{SECRET}\n', "line 3"),
        (f"a: 1\n  {SECRET}: x\n", "line 2"),
    ],
)
def test_the_message_names_the_line_and_shows_no_text(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "given.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match="is not valid JSON or YAML") as caught:
        lookups.read(str(file), "variables")
    assert reason in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None

from __future__ import annotations

from pathlib import Path

import pytest

from dagprof import settings
from dagprof.errors import UsageError
from dagprof.model import Isolation, Temperature


def load(
    tmp_path: Path, text: str = "", environment: dict[str, str] | None = None, **overrides: object
) -> settings.Settings:
    (tmp_path / "pyproject.toml").write_text(text)
    below = tmp_path / "dags" / "team"
    below.mkdir(parents=True, exist_ok=True)
    return settings.load(overrides, environment=environment or {}, start=below)


def test_later_sources_win(tmp_path: Path) -> None:
    text = '[tool.dagprof]\nrepeat = 4\njobs = 3\ntemperature = "warm"\nmissing-variables = "error"\n'
    found = load(
        tmp_path, text, {"DAGPROF_REPEAT": "5", "DAGPROF_JOBS": "6", "DAGPROF_FAIL_ON": "import-error,unsure"}, jobs=7
    )
    assert (found.repeat, found.jobs, found.temperature) == (5, 7, Temperature.WARM)
    assert found.missing_variables == "error"
    assert found.fail_on == ("import-error", "unsure")
    assert load(tmp_path, "", repeat=None) == settings.Settings()


def test_cold_means_a_new_interpreter(tmp_path: Path) -> None:
    assert load(tmp_path, temperature="cold").isolation is Isolation.SPAWN
    with pytest.raises(UsageError, match="use isolation `spawn`"):
        load(tmp_path, temperature="cold", isolation="fork")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool.dagprof]\nrepaet = 3\n", r"Unknown key `repaet` in \[tool.dagprof\].*did you mean `repeat`"),
        ('[tool.dagprof]\nrepeat = "many"\n', r"Bad value in \[tool.dagprof\].*repeat"),
        ("[tool.dagprof]\nrepeat = 0\n", "must be greater than 0"),
        ('[tool.dagprof]\ntemperature = "hot"\n', "Bad value"),
        ("[tool.dagprof\n", "cannot be read"),
    ],
)
def test_bad_configuration_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load(tmp_path, text)

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from dagprof.config import settings
from dagprof.config.policy import Level, Override, Policy, Rule, Waiver
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
    text = (
        '[tool.dagprof]\nrepeat = 4\njobs = 3\ntemperature = "warm"\nmissing-variables = "error"\n'
    )
    found = load(
        tmp_path,
        text,
        {"DAGPROF_REPEAT": "5", "DAGPROF_JOBS": "6", "DAGPROF_FAIL_ON": "import-error,unsure"},
        jobs=7,
    )
    assert (found.repeat, found.jobs, found.temperature) == (5, 7, Temperature.WARM)
    assert found.missing_variables == "error"
    assert found.fail_on == ("import-error", "unsure")
    assert load(tmp_path, "", repeat=None) == settings.Settings()


def test_cold_means_a_new_interpreter(tmp_path: Path) -> None:
    assert load(tmp_path, temperature="cold").isolation is Isolation.SPAWN
    with pytest.raises(UsageError, match="use isolation `spawn`"):
        load(tmp_path, temperature="cold", isolation="strict")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[tool.dagprof]\nrepaet = 3\n",
            r"Unknown key `repaet` in \[tool.dagprof\].*did you mean `repeat`",
        ),
        ('[tool.dagprof]\nrepeat = "many"\n', r"Invalid value for `repeat` in \[tool.dagprof\]"),
        (
            "[tool.dagprof]\nrepeat = 0\n",
            r"`repeat` in \[tool.dagprof\] in .* must be at least 1\.",
        ),
        ('[tool.dagprof]\ntemperature = "hot"\n', "Invalid value for `temperature`"),
        ("[tool.dagprof\n", "Cannot read"),
    ],
)
def test_bad_configuration_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load(tmp_path, text)


GATE = """
[tool.dagprof]
against = "origin/main"
[tool.dagprof.gate]
budget = "2s"
new_modules = 50
forbid = "pandas"
false-alarms = "2%"
[tool.dagprof.gate.rules]
new_package = "error"
timeout = "off"
[[tool.dagprof.overrides]]
files = "etl/*"
budget = "4s"
allow = ["requests"]
rules = { slower = "warning" }
[[tool.dagprof.waivers]]
files = ["a.py", "b.py"]
rule = "budget"
reason = "being rewritten"
until = 2026-12-31
"""


def test_the_tables_of_the_gate(tmp_path: Path) -> None:
    found = load(tmp_path, GATE)
    assert found.against == "origin/main"
    assert found.gate == Policy(
        budget="2s",
        new_modules=50,
        forbid=("pandas",),
        false_alarms="2%",
        rules={Rule.NEW_PACKAGE: Level.ERROR, Rule.TIMEOUT: Level.OFF},
    )
    assert found.overrides == (
        Override(
            files=("etl/*",), budget="4s", allow=("requests",), rules={Rule.SLOWER: Level.WARNING}
        ),
    )
    assert found.waivers == (
        Waiver(
            files=("a.py", "b.py"),
            rule=Rule.BUDGET,
            reason="being rewritten",
            until=datetime.date(2026, 12, 31),
            file="pyproject.toml",
        ),
    )


def test_the_gate_is_merged_key_by_key(tmp_path: Path) -> None:
    environment = {
        "DAGPROF_GATE_BUDGET": "3s",
        "DAGPROF_GATE_NEW_MODULES": "7",
        "DAGPROF_GATE_FORBID": "numpy, torch,",
    }
    options = {"budget": "1s", "relative": None, "rules": {"slower": "off"}}
    gate = load(tmp_path, GATE, environment, gate=options).gate
    assert (gate.budget, gate.new_modules, gate.forbid) == ("1s", 7, ("numpy", "torch"))
    assert (gate.relative, gate.false_alarms) == ("5%", "2%")
    assert gate.rules == {
        Rule.NEW_PACKAGE: Level.ERROR,
        Rule.TIMEOUT: Level.OFF,
        Rule.SLOWER: Level.OFF,
    }


def test_structs_are_options_too(tmp_path: Path) -> None:
    policy = Policy(budget="3s", rules={Rule.SLOWER: Level.OFF})
    overrides = (Override(files=("a.py",), rules={Rule.BUDGET: Level.OFF}),)
    found = load(tmp_path, "", gate=policy, overrides=overrides)
    assert (found.gate, found.overrides) == (policy, overrides)


def test_the_nearest_folder_with_settings_counts(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    found = load(tmp_path, "[tool.dagprof]\nrepeat = 4\n")
    assert (found.repeat, found.config_file) == (4, str(tmp_path / "pyproject.toml"))
    (tmp_path / "dags" / "dagprof.toml").write_text('jobs = 2\n[gate.rules]\nslower = "off"\n')
    found = load(tmp_path, "[tool.dagprof]\nrepeat = 4\n")
    assert (found.repeat, found.jobs, found.gate.rules) == (None, 2, {Rule.SLOWER: Level.OFF})


def test_two_files_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "dagprof.toml").write_text("jobs = 2\n")
    assert load(tmp_path, "[tool.other]\nx = 1\n").jobs == 2
    with pytest.raises(
        UsageError, match=r"Both .*dagprof.toml and .*pyproject.toml contain settings. Move all"
    ):
        load(tmp_path, "[tool.dagprof]\nrepeat = 4\n")


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    text = (
        '[tool.dagprof]\nbaseline = "b.json"\nbundle-root = "dags"\nvariables = "~/v.json"\npython'
        ' = "python3.11"\n'
    )
    found = load(tmp_path, text)
    assert (found.baseline, found.bundle_root) == (str(tmp_path / "b.json"), str(tmp_path / "dags"))
    assert (found.variables, found.python, found.output_dir) == (
        "~/v.json",
        "python3.11",
        "reports",
    )
    assert load(tmp_path, '[tool.dagprof]\npython = "venv/bin/python"\n').python == str(
        tmp_path / "venv/bin/python"
    )
    assert load(tmp_path, text, baseline="c.json").baseline == "c.json"
    assert settings.load({}, environment={}, start=tmp_path).output_dir == "reports"


def test_leading_folders(tmp_path: Path) -> None:
    found = load(tmp_path, "[tool.dagprof]\n")
    assert settings.leading_folders(found, tmp_path / "src" / "dags") == "src/dags"
    assert settings.leading_folders(found, tmp_path) == ""
    assert settings.leading_folders(found, Path("/elsewhere")) == ""
    assert settings.leading_folders(settings.Settings(), tmp_path) == ""


def test_every_value_has_a_source(tmp_path: Path) -> None:
    load(tmp_path, GATE)
    found, rows = settings.explained(
        {"temperature": "cold"},
        environment={"DAGPROF_GATE_ABSOLUTE": "9ms", "DAGPROF_JOBS": "3"},
        start=tmp_path,
    )
    sources = {row.key: (row.value, row.source) for row in rows}
    file = tmp_path / "pyproject.toml"
    assert sources["against"] == ("origin/main", f"[tool.dagprof] in {file}")
    assert sources["gate.budget"] == ("2s", f"[tool.dagprof.gate] in {file}")
    assert sources["gate.rules.new-package"] == (
        Level.ERROR,
        f"[tool.dagprof.gate.rules] in {file}",
    )
    assert sources["gate.rules.unsure"] == (Level.WARNING, "default")
    assert sources["gate.absolute"] == ("9ms", "environment variable DAGPROF_GATE_ABSOLUTE")
    assert sources["jobs"] == (3, "environment variable DAGPROF_JOBS")
    assert sources["temperature"] == (Temperature.COLD, "option")
    assert sources["isolation"] == (Isolation.SPAWN, "temperature cold")
    assert sources["missing-variables"] == ("stub", "default")
    assert sources["waivers"] == (found.waivers, f"[tool.dagprof.waivers] in {file}")
    assert "config-file" not in sources


WAIVER = '[[tool.dagprof.waivers]]\nfiles = "a.py"\nrule = "budget"\nreason = "x"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool]\ndagprof = 3\n", "Invalid value for [tool.dagprof] in FILE: expected a table, got a whole number."),
        ("[tool.dagprof]\ngate = 5\n", "Invalid value for [tool.dagprof.gate] in FILE: expected a table"),
        ("[tool.dagprof]\nrepeat = {a = 1}\n", "`repeat` in [tool.dagprof] in FILE: expected a whole number, got a table"),
        ("[tool.dagprof]\nrepeat = true\n", "for `repeat` in [tool.dagprof] in FILE: expected a whole number, got a boolean"),
        ("[tool.dagprof]\ntime-limit-s = nan\n", "`time-limit-s` in [tool.dagprof] in FILE must be greater than 0."),
        ("[tool.dagprof]\nbudget = '1s'\n", "`budget` in [tool.dagprof] in FILE; this key belongs in [tool.dagprof.gate]."),
        ("[tool.dagprof]\ntemperature = 'hot'\n",
         "for `temperature` in [tool.dagprof] in FILE: 'hot' is not one of processor, warm, cold."),
        ("[tool.dagprof]\nregression-floor = '5'\n", "for `regression-floor` in [tool.dagprof] in FILE: '5' is not a duration"),
        ("[tool.dagprof]\nconfig_file = 'x'\n", "Unknown key `config_file`"),
        ("[tool.dagprof]\njobs = 1\nx = " + "[" * 1500, "Cannot read FILE ("),
        ("[tool.dagprof]\njobs = 1\njobs = 2\n", "Cannot read FILE ("),
        ('[tool.dagprof]\n"\\u001b[31m" = 1\n', "Unknown key `\\x1b[31m` in"),
        ("[tool.dagprof]\nfail-on = ['a']\nfail_on = ['b']\n", "`fail-on` and `fail_on` in [tool.dagprof] in FILE are the same"),
        ("[tool.dagprof.gate]\nfalse-alarm = '1%'\n", "`false-alarm` in [tool.dagprof.gate] in FILE; did you mean `false-alarms`?"),
        ("[tool.dagprof.gate]\nrelative = '5'\n", "`relative` in [tool.dagprof.gate] in FILE: '5' is not a percentage"),
        ("[tool.dagprof.gate]\nforbid = {}\n", "for `forbid` in [tool.dagprof.gate] in FILE: expected a list, got a table"),
        ("[tool.dagprof.gate]\nsample = 0\n", "`sample` in [tool.dagprof.gate] in FILE must be at least 1."),
        ("[tool.dagprof.gate]\nrules = ['a']\n", "[tool.dagprof.gate.rules] in FILE: expected a table, got a list"),
        ("[tool.dagprof.gate.rules]\nslowr = 'error'\n", "[tool.dagprof.gate.rules] in FILE; did you mean `slower`?"),
        ("[tool.dagprof.gate.rules]\nslower = 'fatal'\n",
         "for `slower` in [tool.dagprof.gate.rules] in FILE: 'fatal' is not one of error, warning, off."),
        ("[tool.dagprof.overrides]\nfiles = 'a'\n", "[tool.dagprof.overrides] in FILE: expected a list of tables"),
        ("[tool.dagprof]\noverrides = [3]\n", "[tool.dagprof.overrides] number 1 in FILE: expected a table"),
        ("[[tool.dagprof.overrides]]\nbudget = '1s'\n", "Missing key `files` in [tool.dagprof.overrides] number 1 in FILE"),
        ("[[tool.dagprof.overrides]]\nfiles = []\n",
         "`files` in [tool.dagprof.overrides] number 1 in FILE must contain at least one pattern"),
        ("[[tool.dagprof.overrides]]\nfiles = 'a'\nbugdet = '1s'\n", "did you mean `budget`?"),
        (WAIVER + "until = 'soon'\n", "`until` in [tool.dagprof.waivers] number 1 in FILE: not a date"),
        (WAIVER + "until = 2026-02-30\n", "Cannot read FILE ("),
        (WAIVER + "until = 2026-02-03T00:00:00\n",
         "for `until` in [tool.dagprof.waivers] number 1 in FILE: expected a date, got a date with a time"),
        (WAIVER, "Missing key `until` in [tool.dagprof.waivers] number 1 in FILE."),
        (WAIVER.replace("budget", "money") + "until = 2026-02-03\n",
         "for `rule` in [tool.dagprof.waivers] number 1 in FILE: 'money' is not one of slower, "),
        (WAIVER.replace('"x"', '" "') + "until = 2026-02-03\n",
         "for `reason` in [tool.dagprof.waivers] number 1 in FILE: a waiver needs a `reason`"),
        (WAIVER + "until = 2026-02-03\nplace = 'x'\n", "Unknown key `place`"),
    ],
)  # fmt: skip
def test_hostile_configuration_gets_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    told = str(caught.value)
    assert sentence in told.replace(str(tmp_path / "pyproject.toml"), "FILE")
    assert "\n" not in told


def test_a_table_header_too_many(tmp_path: Path) -> None:
    (tmp_path / "dagprof.toml").write_text("[tool.dagprof]\njobs = 2\n")
    with pytest.raises(UsageError, match=r"omit `tool.dagprof` from table names in dagprof.toml"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("DAGPROF_REPAET", "3", "did you mean `DAGPROF_REPEAT`?"),
        ("DAGPROF_GATE_BUGDET", "1s", "did you mean `DAGPROF_GATE_BUDGET`?"),
        ("DAGPROF_GATE_RULES", "a", "in a configuration file instead"),
        ("DAGPROF_WAIVERS", "a", "in a configuration file instead"),
        ("DAGPROF_JOBS", "x", "Invalid value for DAGPROF_JOBS: expected a whole number, got text."),
        (
            "DAGPROF_GATE_RELATIVE",
            "5",
            "Invalid value for DAGPROF_GATE_RELATIVE: '5' is not a percentage",
        ),
    ],
)
def test_bad_variables_are_named(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "", {name: text})
    assert sentence in str(caught.value)


def test_variables_that_say_nothing(tmp_path: Path) -> None:
    environment = {
        "DAGPROF_TEST_ANYTHING": "1",
        "DAGPROF_JOBS": "",
        "DAGPROF_GATE_FORBID": " ",
        "DAGPROFX": "1",
    }
    assert load(tmp_path, "", environment) == settings.Settings()
    assert load(tmp_path, "", {"DAGPROF_STACKS_FROM_MS": "null"}).stacks_from_ms is None

"""What is written down to be filled in can be read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from dagprof.errors import UsageError
from dagprof.link import lookups
from dagprof.model import Run, Unanswered
from dagprof.report import answers_file
from unit.builders import access, file, run


@pytest.fixture
def asked() -> Run:
    return run(
        file(
            "a.py",
            10,
            accesses=(
                access("url"),
                access("url", line=9),
                access("yes: [", answered_by="default"),
                access("known", answered_by="file"),
                access("written", answered_by="ignored", operation="set"),
                access("warehouse", kind="connection"),
                access("BUCKET", kind="environment", answered_by="missing"),
            ),
            unanswered=(
                Unanswered(kind="environment", key="TOKEN", file="/dags/lib/b.py", line=2),
            ),
        )
    )


@pytest.mark.parametrize("name", ["answers.yaml", "answers.json"])
def test_an_untouched_file_answers_nothing_and_a_filled_in_one_does(
    tmp_path: Path, asked: Run, name: str
) -> None:
    path = tmp_path / name
    path.write_text(answers_file.render(asked, name))
    assert lookups.read(str(path), "variables") == {}
    assert lookups.read(str(path), "connections") == {}
    assert lookups.environment(str(path), None) == {}

    document = yaml.safe_load(path.read_text())
    assert set(document["variables"]) == {"url", "yes: ["}
    assert set(document["environment"]) == {"BUCKET", "TOKEN"}
    document["variables"]["url"] = "https://api.example"
    document["connections"]["warehouse"].update(host="db.example", port=5432)
    document["environment"] = {"BUCKET": "landing", "TOKEN": True}
    path.write_text(json.dumps(document))
    assert lookups.read(str(path), "variables") == {"url": "https://api.example"}
    assert lookups.read(str(path), "connections") == {
        "warehouse": {"host": "db.example", "port": 5432}
    }
    assert lookups.environment(str(path), str(path)) == {"BUCKET": "landing", "TOKEN": "true"}


def test_the_places_stand_beside_the_names(asked: Run) -> None:
    text = answers_file.render(asked, "answers.yaml")
    assert '  # a.py:3, a.py:9\n  "url": null' in text
    assert '  # lib/b.py:2\n  "TOKEN": null' in text
    places = json.loads(answers_file.render(asked, "answers.json"))["places"]
    assert places["environment"] == {"BUCKET": ["a.py:3"], "TOKEN": ["lib/b.py:2"]}


def test_an_ordinary_export_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    path.write_text('{"variables": "a Variable of this name", "url": "x"}')
    assert lookups.read(str(path), "variables") == {
        "variables": "a Variable of this name",
        "url": "x",
    }
    assert lookups.environment(str(path)) == {}


def test_a_section_that_is_no_mapping_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text("dagprof-answers: 1\nvariables: [a]\n")
    with pytest.raises(UsageError, match="section 'variables'"):
        lookups.read(str(path), "variables")


@pytest.mark.parametrize("kind", ["variable", "connection"])
def test_a_key_that_is_too_long_for_a_plain_one_is_read_back(tmp_path: Path, kind: str) -> None:
    name = "k" * 3_000
    asking = run(file("a.py", accesses=(access(name, kind=kind),)))
    written = tmp_path / "answers.yaml"
    filled_in = (
        answers_file.render(asking, written.name)
        .replace("host: null", "host: h")
        .replace("  : null", "  : h")
    )
    written.write_text(filled_in, encoding="utf-8")
    expected = "h" if kind == "variable" else {"host": "h"}
    assert lookups.read(str(written), f"{kind}s") == {name: expected}

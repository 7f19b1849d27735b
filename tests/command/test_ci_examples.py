"""The examples in docs/ci.md, action.yml and the pre-commit hook, against the schemas of the
programs that read them.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
BLOCKS = re.findall(
    r"^```yaml\n# (\S+)\n(.*?)^```$",
    (ROOT / "docs" / "ci.md").read_text(),
    re.MULTILINE | re.DOTALL,
)
# The schemas that come with check-jsonschema; pre-commit's is not among them.
SCHEMAS = {
    ".github/workflows/dagprof.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def validate(file: Path, schema: str) -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is in the environment with Python 3.12 and Airflow 3.3 only")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_an_example_for_each() -> None:
    assert {name for name, _ in BLOCKS} == {*SCHEMAS, ".pre-commit-config.yaml"}


@pytest.mark.parametrize(
    ("name", "text"), BLOCKS, ids=[f"{i} {name}" for i, (name, _) in enumerate(BLOCKS)]
)
def test_the_examples_can_be_read(name: str, text: str) -> None:
    assert isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize(
    ("name", "text"),
    [block for block in BLOCKS if block[0] in SCHEMAS],
    ids=["action", "steps", "gitlab"],
)
def test_the_examples_follow_their_schemas(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "example.yml").write_text(text)
    validate(tmp_path / "example.yml", SCHEMAS[name])


def test_the_action_follows_its_schema() -> None:
    validate(ROOT / "action.yml", "vendor.github-actions")


def test_our_own_workflow_follows_its_schema_and_runs_everything() -> None:
    workflow = ROOT / ".github" / "workflows" / "ci.yml"
    validate(workflow, "vendor.github-workflows")
    steps = [
        step
        for job in yaml.safe_load(workflow.read_text())["jobs"].values()
        for step in job["steps"]
    ]
    assert {"bash .ci/run", "python -m build"} <= {step.get("run") for step in steps}


def test_the_examples_use_inputs_that_the_action_has() -> None:
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    documented = re.findall(
        r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "ci.md").read_text(), re.MULTILINE
    )
    assert documented == list(inputs)
    used = [
        step
        for name, text in BLOCKS
        for job in yaml.safe_load(text).get("jobs", {}).values()
        for step in job["steps"]
        if "/dagprof@" in step.get("uses", "")
    ]
    assert len(used) == 1
    assert set(used[0]["with"]) <= set(inputs)


def hooks_used() -> list[dict[str, Any]]:
    return [
        hook
        for name, text in BLOCKS
        if name == ".pre-commit-config.yaml"
        for repo in yaml.safe_load(text)["repos"]
        if repo["repo"] != "local"
        for hook in repo["hooks"]
    ]


def test_the_hook_runs_in_the_users_environment_on_the_whole_change() -> None:
    entries = {}
    for hook in HOOKS:
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] == "system"
        assert hook["pass_filenames"] is False
        entries[hook["id"]] = hook["entry"]
    assert entries["dagprof-gate"].startswith("dagprof gate ")
    assert entries["dagprof-check"].startswith("dagprof check")
    assert {used["id"] for used in hooks_used()} <= set(entries)

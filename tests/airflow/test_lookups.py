"""Variables and Connections are answered without a database, and each look-up is written down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Scan, dag, result

from dagprof.model import Status

LOOK_UPS = dag(
    "looks_up",
    """
    from airflow.models import Variable
    from airflow.hooks.base import BaseHook

    plain = Variable.get("plain")
    number = int(Variable.get("number"))
    fallback = Variable.get("fallback", "code")
    settings = Variable.get("settings", deserialize_json=True)
    host = settings["host"]
    connection = BaseHook.get_connection("warehouse")
    Variable.set("written", "x")
    print("SEEN", plain, number, fallback, host, connection.host, connection.login)
    """,
)


def answers(run_accesses: object) -> dict[str, str]:
    return {access.key: access.answered_by for access in run_accesses}  # type: ignore[attr-defined]


def test_stubs_answer_and_are_doubted(scan: Scan) -> None:
    file = result(scan({"a.py": LOOK_UPS}), "a.py")
    assert file.status is Status.OK
    assert answers(file.accesses) == {
        "plain": "stub",
        "number": "stub",
        "fallback": "default",
        "settings": "stub",
        "warehouse": "stub",
        "written": "ignored",
    }
    assert "SEEN 1 1 code 1 dagprof-stub.invalid stub" in file.stdout.text
    assert "stubbed" in {doubt.code for doubt in file.doubts}
    lines = {access.key: access.line for access in file.accesses}
    assert lines["plain"] == LOOK_UPS.splitlines().index('plain = Variable.get("plain")') + 1


def test_environment_and_files_answer_first(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "variables.json").write_text(
        json.dumps(
            {"plain": "from file", "number": {"value": 7, "description": "n"}, "settings": {"host": "db.example"}}
        )
    )
    (tmp_path / "connections.yaml").write_text(
        "warehouse:\n  conn_type: postgres\n  host: pg.example\n  login: ada\n  password: hunter22secret\n"
    )
    monkeypatch.setenv("AIRFLOW_VAR_PLAIN", "from environment")
    run = scan(
        {"a.py": LOOK_UPS},
        variables=str(tmp_path / "variables.json"),
        connections=str(tmp_path / "connections.yaml"),
    )
    file = result(run, "a.py")
    assert "SEEN from environment 7 code db.example pg.example ada" in file.stdout.text
    found = answers(file.accesses)
    assert (found["plain"], found["number"], found["warehouse"]) == ("environment", "file", "file")
    assert {doubt.code for doubt in file.doubts} <= {"busy", "noisy"}


def test_missing_ones_fail_as_in_airflow_when_asked(scan: Scan) -> None:
    run = scan({"a.py": LOOK_UPS}, missing_variables="error")
    file = result(run, "a.py")
    assert file.status is Status.IMPORT_ERROR
    assert answers(file.accesses) == {"plain": "missing"}


def test_secrets_stay_out_of_the_run(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text(json.dumps({"warehouse": "postgres://ada:hunter22secret@pg.example/db"}))
    source = dag(
        "leaks",
        """
        from airflow.hooks.base import BaseHook
        connection = BaseHook.get_connection("warehouse")
        api_key = "sk-0123456789abcdef"
        print("password is", connection.password, "url", "https://bob:swordfish1@example.invalid/x")
        raise RuntimeError("cannot log in with token='abcdef123456'")
        """,
    )
    run = scan({"a.py": source}, connections=str(tmp_path / "connections.json"))
    import msgspec

    text = msgspec.json.encode(run).decode()
    for secret in ("hunter22secret", "sk-0123456789abcdef", "swordfish1", "abcdef123456"):
        assert secret not in text
    assert "cannot log in with" in text

"""Variables and Connections are answered without a database, and each lookup is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import Scan, dag, result

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


def test_environment_and_files_answer_first(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "variables.json").write_text(
        json.dumps(
            {
                "plain": "from file",
                "number": {"value": 7, "description": "n"},
                "settings": {"host": "db.example"},
            }
        )
    )
    (tmp_path / "connections.yaml").write_text(
        "warehouse:\n  conn_type: postgres\n  host: pg.example\n  login: ada\n  password:"
        " hunter22secret\n"
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
    (tmp_path / "connections.json").write_text(
        json.dumps({"warehouse": "postgres://ada:hunter22secret@pg.example/db"})
    )
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


# What each call gives in the DAG processors of 2.x and of 3.x: the type of the value, or of the
# exception.
CALLS = [
    ('Variable.get("absent")', "KeyError", "AirflowRuntimeError"),
    ('Variable.get("absent", default_var="x")', "str", "str"),
    ('Variable.get("absent", default="x")', "TypeError", "TypeError"),
    ('Variable.get("absent", "x")', "str", "str"),
    ('Variable.get("absent", None)', "NoneType", "NoneType"),
    ('Variable.get("absent", [1], True)', "list", "list"),
    ('Variable.get("absent", deserialize_json=True)', "KeyError", "AirflowRuntimeError"),
    (
        'Variable.get("text", deserialize_json=True)',
        "JSONDecodeError",
        None,
    ),  # 3.1 and later: no such Variable
    ('Variable.get("text", deserialize_json=True, default_var={})', "JSONDecodeError", None),
    ('Variable.get("document", deserialize_json=True)["a"]', "int", "int"),
    ("Variable.get()", "TypeError", "TypeError"),
    ('Variable.get("text", no_such=1)', "TypeError", "TypeError"),
    ('Variable.set("one")', "TypeError", "TypeError"),
    ('Variable.set("one", "1", no_such=1)', "TypeError", "TypeError"),
    ('Variable.set("one", {1}, serialize_json=True)', "TypeError", None),  # 3.x only logs it
    ('Variable.delete("absent", no_such=1)', "TypeError", "TypeError"),
    ('Variable.update("absent", "1")', "KeyError", "NoneType"),
    ('Variable.setdefault("never", None)', "ValueError", "ValueError"),
    ('Variable.setdefault("later", "x")', "str", "str"),
    ('Variable.get("later")', "str", "str"),
    ('Variable.set("now", 5), Variable.get("now").upper()', "tuple", None),  # 3.x demands text
    ('Variable.set("now", "5"), Variable.get("now").upper()', "tuple", "tuple"),
    ('Variable.update("now", "6"), Variable.get("now") + ""', "tuple", "tuple"),
    ('Variable.delete("now")', "int", "int"),
    ('Variable.get("now")', "KeyError", "AirflowRuntimeError"),
    (
        'Connection.get_connection_from_secrets("absent")',
        "AirflowNotFoundException",
        "AirflowNotFoundException",
    ),
    ('Connection.get_connection_from_secrets("db").port', "int", "int"),
    ("Connection.get_connection_from_secrets(name=1)", "TypeError", "TypeError"),
]


def _outcomes(calls: list[str], imports: str) -> str:
    source = imports + "\n"
    for number, call in enumerate(calls):
        source += (
            f"try:\n    found = type(({call})).__name__\nexcept Exception as error:\n    found ="
            f" type(error).__name__\nprint('OUTCOME', {number}, found)\n"
        )
    return source


def _printed(text: str) -> dict[int, str]:
    rows = [line.split() for line in text.splitlines() if line.startswith("OUTCOME")]
    return {int(number): found for _, number, found in rows}


@pytest.fixture
def known(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "v.json").write_text('{"text": "not json", "document": {"a": 1}}')
    (tmp_path / "c.json").write_text(
        '{"db": {"conn_type": "postgres", "host": "db.example", "port": 5432}}'
    )
    return {"variables": str(tmp_path / "v.json"), "connections": str(tmp_path / "c.json")}


def test_each_call_gives_what_it_gives_in_the_dag_processor(
    scan: Scan, known: dict[str, str]
) -> None:
    source = _outcomes(
        [call for call, _, _ in CALLS], "from airflow.models import Connection, Variable"
    ) + dag("calls")
    run = scan({"a.py": source}, missing_variables="error", **known)
    is_2 = run.environment.airflow_version.startswith("2.")
    expected = {number: two if is_2 else three for number, (_, two, three) in enumerate(CALLS)}
    found = _printed(result(run, "a.py").stdout.text)
    assert {CALLS[number][0]: name for number, name in found.items() if expected[number]} == {
        CALLS[number][0]: name for number, name in expected.items() if name
    }


SDK_CALLS = [
    ('Variable.get("absent", default_var="x")', "TypeError"),
    ('Variable.get("absent", default="x")', "str"),
    ('Variable.get("absent")', "AirflowRuntimeError"),
    ('Variable.get("absent", deserialize_json=True)', "AirflowRuntimeError"),
    ("Variable.update", "AttributeError"),
    ("Variable.setdefault", "AttributeError"),
    ('Connection.get("absent")', "AirflowNotFoundException"),
    ('BaseHook.get_connection("absent")', "AirflowNotFoundException"),
    ('BaseHook.get_connection("db").host', "str"),
    ("BaseHook.get_connection(conn=1)", "TypeError"),
]


def test_the_classes_of_the_sdk_have_their_own_signatures(
    scan: Scan, known: dict[str, str]
) -> None:
    imports = (
        "try:\n    from airflow.sdk import BaseHook, Connection, Variable\nexcept ImportError:\n   "
        " raise SystemExit"
    )
    run = scan(
        {"a.py": _outcomes([call for call, _ in SDK_CALLS], imports) + dag("sdk")},
        missing_variables="error",
        **known,
    )
    if run.environment.airflow_version < "3.1":
        pytest.skip("This Airflow has no SDK with these names.")
    found = _printed(result(run, "a.py").stdout.text)
    assert {SDK_CALLS[number][0]: name for number, name in found.items()} == dict(SDK_CALLS)


def test_a_stub_connection_answers_every_key_of_its_extra(scan: Scan) -> None:
    source = dag(
        "extra",
        """
        from airflow.hooks.base import BaseHook
        conn = BaseHook.get_connection("warehouse")
        extra = conn.extra_dejson
        print("SEEN", extra["account"], extra["a"]["b"], extra.get("role"), extra.get("warehouse", "mine"), int(extra["n"]))
        print("LEFT", sorted(extra), "x" in extra, conn.get_uri())
        import json
        print("TEXT", json.loads(conn.extra))
        """,
    )
    file = result(scan({"a.py": source}), "a.py")
    assert file.status is Status.OK
    assert "SEEN 1 1 1 mine 1" in file.stdout.text
    assert "LEFT [] False generic://stub:" in file.stdout.text
    assert "@dagprof-stub.invalid\n" in file.stdout.text
    assert "TEXT {}" in file.stdout.text


def test_nested_keys_of_a_stub_variable_answer_too(scan: Scan) -> None:
    source = dag(
        "nested",
        """
        from airflow.models import Variable
        settings = Variable.get("settings", deserialize_json=True)
        print("SEEN", settings["a"]["b"]["c"], settings.get("d")["e"], settings["f"].get("g", 5), f"{settings['h']}-x")
        """,
    )
    file = result(scan({"a.py": source}), "a.py")
    assert "SEEN 1 1 5 1-x" in file.stdout.text


def test_what_a_plugin_asks_is_not_the_file_s(scan: Scan) -> None:
    run = scan(
        {
            "a.py": "from airflow.models import Variable\nVariable.get('mine')\n" + dag("a"),
            "b.py": dag("b"),
        }
    )
    assert answers(result(run, "a.py").accesses) == {"mine": "stub"}
    assert answers(result(run, "b.py").accesses) == {}


def test_a_wrong_keyword_is_the_only_cause(scan: Scan) -> None:
    run = scan(
        {"a.py": "from airflow.models import Variable\nVariable.get('a', no_such=1)\n" + dag("a")}
    )
    (failure,) = result(run, "a.py").failures
    assert "unexpected keyword argument 'no_such'" in failure.message
    assert (failure.type, failure.cause, failure.line) == ("TypeError", "", 2)


def test_reads_of_dagprof_itself_are_no_lookups_of_the_file(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    (file,) = scan({"a.py": dag("a", "open('/etc/hostname').close()\n")}, depth="traced").files
    assert [effect.kind for effect in file.effects] == ["file-read"]
    assert answers(file.accesses) == {}

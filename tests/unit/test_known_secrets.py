"""Values that are known to be secret: where they come from, and how else they are written."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

import pytest
from planted import planted

from dagprof.redaction import MASK, Redactor, values

SECRET = "p@ss w/ö\"r'd\\%+#" + planted("<alnum 6>", 1).text


def shown(text: str, *secrets: str) -> str:
    return Redactor(secrets)(text)


@pytest.mark.parametrize(
    "spelling",
    [
        str,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: repr(text)[1:-1],
        lambda text: repr(text.encode())[2:-1],
        shlex.quote,
        html.escape,
    ],
)
def test_each_spelling_of_a_value_is_masked(spelling: Callable[[str], str]) -> None:
    assert shown(f"it is {spelling(SECRET)}, here", SECRET) == f"it is {MASK}, here"


@pytest.mark.parametrize("user", ["a", "ad", "ada", "ada lovelace"])
def test_a_password_in_base64_is_masked_behind_any_user(user: str) -> None:
    password = planted("<alnum 16>", 2).text
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    masked = shown(f"sent {text}", password)
    assert MASK in masked
    left = masked.removeprefix("sent ").split(MASK)[0]
    assert len(left) <= len(text) - 4 * len(password) // 3 + 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("true", "is true"),
        ("1", "1 file"),
        ("admin", "the admin page"),
        ("airflow", "import airflow"),
        ("default", "the default pool"),
        ("postgres", "postgres is up"),
        ("123456", "took 123456 ms"),
        ("/run/secrets/db", "reads /run/secrets/db"),
        ("aaaaaaaa", "aaaaaaaa"),
        ("dogs", "hotdogs for dogsitters"),
        ("sunshine", "sunshine_dag and Sunshine"),
        ("", "anything"),
    ],
)
def test_common_and_short_values_do_not_spoil_other_text(value: str, text: str) -> None:
    assert shown(text, value) == text


def test_a_short_value_is_masked_where_it_is_a_word() -> None:
    assert shown("pins 7x9z and 7x9z, not a7x9z", "7x9z") == f"pins {MASK} and {MASK}, not a7x9z"


@pytest.mark.parametrize("value", ["7x9z", "sunshine", "SUNSHINE", "GMlumhdppGzv", "98765432"])
def test_a_value_like_a_word_is_masked_behind_an_escape(value: str) -> None:
    for text in (f"amqp%3A%2F%2Fada%3A{value}%40mq", f"first\\n{value}", f"['{value}']"):
        assert shown(text, value) == text.replace(value, MASK)


def test_a_value_that_is_cut_at_the_end_of_a_text_is_masked() -> None:
    value = planted("<alnum 24>", 3).text
    for length in range(6, 24):
        assert shown(f"it begins {value[:length]}", value) == f"it begins {MASK}"


def test_each_random_line_of_a_value_is_masked() -> None:
    first, second = planted("<base64 64>", 4).text, planted("<base64 64>", 5).text
    key = f"-----BEGIN PRIVATE KEY-----\n{first}\n{second}\n-----END PRIVATE KEY-----\n"
    assert shown(f"line {second}", key) == f"line {MASK}"
    assert shown("-----END PRIVATE KEY-----", key) == "-----END PRIVATE KEY-----"


A, B, C = (planted("<alnum 12>", number).text for number in range(3))


@pytest.mark.parametrize(
    ("connection", "secrets"),
    [
        (f"postgres://ada:{A}@db/x", [A]),
        (f"postgres://ada:{quote('p@ss/' + A)}@db/x", ["p@ss/" + A]),
        (f"http://:@host/?token={A}&x={B}", [A]),
        (f"aws://?aws_secret_access_key={quote(A + '/+' + B, safe='')}", [A + "/+" + B]),
        (f"http://h/?__extra__={quote(json.dumps({'api_key': A}))}", [A]),
        ({"conn_type": "x", "password": A, "extra": json.dumps({"api_key": B})}, [A, B]),
        (
            {"conn_type": "x", "extra": {"nested": {"client_secret": A}, "list": [{"token": B}]}},
            [A, B],
        ),
        (
            {"conn_type": "http", "login": planted("<alnum 32>", 9).text},
            [planted("<alnum 32>", 9).text],
        ),
        (json.dumps({"conn_type": "x", "password": A}), [A]),
        ({"conn_type": "x", "extra": {"keyfile_dict": json.dumps({"private_key": A})}}, [A]),
        (
            {"conn_type": "x", "extra": {"sas": A, "unheard_of": planted("<hex 32>", 1).text}},
            [A, planted("<hex 32>", 1).text],
        ),
        ({"conn_type": "x", "password": 12345678}, ["12345678"]),
    ],
)
def test_all_secrets_of_a_connection_are_found(connection: object, secrets: list[str]) -> None:
    found = set(values.of_connection(connection))
    assert set(secrets) <= found


def test_what_everybody_may_see_of_a_connection_is_no_secret() -> None:
    connection = {
        "conn_type": "snowflake",
        "host": "warehouse.example.com",
        "login": "ada",
        "schema": "sales",
        "port": 5432,
        "extra": {"region_name": "eu-west-1", "role_arn": "arn:aws:iam::123456789012:role/x"},
    }
    assert set(values.of_connection(connection)) == set()


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("api_key", A, [A]),
        ("api_keys", [A, B], [A, B]),
        ("api_keys", json.dumps([A, B]), [A, B]),
        ("settings", json.dumps({"db": {"password": A, "host": "db.example"}}), [A]),
        ("db_credentials", {"host": "db.example", "user": "ada", "main": A}, [A]),
        ("tokens", {"eu": A, "us": B}, [A, B]),
        ("warehouse", f"postgres://ada:{A}@db/x", [A]),
        ("note", f"use password={A} there", [A]),
        ("nested", {"a": [{"b": [{"secret": A}]}]}, [A]),
    ],
)
def test_all_secrets_of_a_variable_are_found(name: str, value: object, secrets: list[str]) -> None:
    assert set(values.of_setting(name, value)) == set(secrets)


@pytest.mark.parametrize(
    ("name", "value"),
    [("bucket", "raw-data-2024"), ("password_file", "/run/x"), ("max_tokens", 4096), ("monkey", A)],
)
def test_other_variables_hold_no_secret(name: str, value: object) -> None:
    assert not list(values.of_setting(name, value))


def test_all_secrets_of_an_environment_are_found() -> None:
    environment = {
        "PGPASSWORD": A,
        "DATABASE_URL": f"postgres://ada:{B}@db/x",
        "AIRFLOW_CONN_WAREHOUSE": f"mysql://ada:{C}@db/x",
        "AIRFLOW_VAR_API_KEY": f"k{A}",
        "HOME": "/home/ada",
        "PWD": "/srv",
        "SSH_AUTH_SOCK": "/tmp/ssh/agent",
    }
    assert set(values.of_environment(environment)) == {A, B, C, f"k{A}"}


def test_knowing_more_keeps_what_is_known() -> None:
    redact = Redactor([A])
    assert redact.knowing([A]) is redact
    assert redact.knowing([B])(f"{A} {B}") == f"{MASK} {MASK}"


def test_deep_and_broken_json_is_no_error() -> None:
    for text in ("[" * 100_000, "{", '{"a": }', "[]"):
        assert isinstance(list(values.of_setting("x", text)), Iterable)

"""Messages of the probe, as everything behind the link sees them: without secrets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from masked import SECRET, masking
from planted import planted

from dagprof.link.masking import Hidden
from dagprof.link.messages.reply import NoFork, Reply
from dagprof.link.messages.zygote import CannotBegin, Fault, Listing, PreImported, Ready
from dagprof.model import Plugin, SkipReason
from dagprof.passes.serialised.differences import differences
from dagprof.redaction import MASK

OTHER = planted("<alnum 20>", 2).text


def reply(**result: Any) -> Reply:
    message = {"outcome": "result", "total_ms": 1.0, "result": {"failures": [], **result}}
    return msgspec.convert(message, Reply)


def effect(what: str, **more: Any) -> dict[str, Any]:
    return {"kind": "process", "what": what, "file": "a.py", "line": 3, "count": 1, **more}


def masked(**result: Any) -> Any:
    found = masking().reply(reply(**result)).result
    assert found is not None
    assert SECRET not in repr(found)
    return found


def test_failures_and_where_they_stopped_the_parse() -> None:
    text = f"no login with {SECRET}"
    row = {
        "type": "E",
        "message": text,
        "traceback": f"E: {text}",
        "cause": text,
        "file": "a.py",
        "line": 1,
        "ending": "",
    }
    found = masked(failures=[row], stops=[["E", text, [["a.py", 1]]]])
    assert found.failures[0].message == f"no login with {MASK}"
    assert found.failures[0].file == "a.py"
    assert found.stops == (("E", f"no login with {MASK}", (("a.py", 1),)),)


def test_logged_exceptions() -> None:
    text = f"no login with {SECRET}"
    row = {"logger": f"for.{SECRET}", "type": "E", "message": text, "file": "a.py", "line": 1}
    (found,) = masked(logged=[{**row, "count": 2}]).logged
    assert (found.message, found.count) == (f"no login with {MASK}", 2)


def test_output_and_warnings() -> None:
    sent = msgspec.structs.replace(
        reply(warnings=[f"old {SECRET}"]),
        stdout=(f"out {SECRET}", 30),
        stderr=(f"err {SECRET}", 30),
    )
    found = masking().reply(sent)
    assert (found.stdout, found.stderr) == ((f"out {MASK}", 30), (f"err {MASK}", 30))
    assert found.result is not None
    assert found.result.warnings == (f"old {MASK}",)


def test_effects_that_differ_in_a_secret_only_are_one() -> None:
    commands = [f"curl -H 'X-Api-Key: {secret}'" for secret in (SECRET, OTHER)]
    rows = [*(effect(command, wall_us=5) for command in commands), effect("curl -V")]
    found = masked(effects=rows)
    assert [(row.what, row.count, row.wall_us) for row in found.effects] == [
        (f"curl -H 'X-Api-Key: {MASK}'", 2, 10),
        ("curl -V", 1, None),
    ]


def test_statements() -> None:
    row = [-1, 3, 3, "assign", f'api_key = "{SECRET}"', 1, 1, 1, False, 0, 0, ""]
    trace = {
        "gc_ms": 0,
        "compile_ms": 0,
        "loads": {},
        "edges": [],
        "import_sets": [],
        "modules": [],
        "statements": [row],
        "memory": [],
        "uninstrumented": [["E", SECRET, False]],
    }
    found = masked(trace=trace)
    assert found.trace.statements[0].text == f'api_key = "{MASK}"'


def test_a_secret_that_changes_is_seen_to_change_and_not_shown() -> None:
    first, same, other = (
        masked(contents={"d": {"env": {"__var": {"DB_PASSWORD": value}}, "doc": "text"}}).contents
        for value in ("one 1", "one 1", "two 2")
    )
    assert list(differences(first, same)) == []
    [found] = differences(first, other)
    assert found == ("d.env.__var.DB_PASSWORD", f'"{MASK}"', f'"{MASK}"')


def test_a_hidden_text_is_equal_to_itself_only() -> None:
    assert Hidden.of("a", MASK) == Hidden.of("a", MASK) != Hidden.of("b", MASK)
    assert Hidden.of("a", MASK) != MASK
    assert len({Hidden.of("a", MASK), Hidden.of("a", MASK), Hidden.of("b", MASK)}) == 2


def test_names_stay() -> None:
    token = planted("ghp_<alnum 36>", 1).text
    row = ["variable", token, "get", "stub", f"/{token}.py", 1, 1]
    found = masking().reply(reply(dag_ids=[token], accesses=[row])).result
    assert found is not None
    assert found.dag_ids == (token,)
    assert (found.accesses[0].key, found.accesses[0].file) == (token, f"/{token}.py")


def test_what_the_users_code_sets_is_known_from_then_on() -> None:
    found = masking({})
    text = f"says {SECRET}"
    before = msgspec.structs.replace(reply(), stdout=(text, 1))
    assert found.reply(before).stdout == (text, 1)
    sets = msgspec.structs.replace(reply(environment={"LATE_TOKEN": SECRET}), stdout=(text, 1))
    answer = found.reply(sets)
    assert answer.stdout == (f"says {MASK}", 1)
    assert answer.result is not None
    assert answer.result.environment == {}
    assert found.reply(before).stdout == (f"says {MASK}", 1)


def test_answers_of_the_zygote() -> None:
    found = masking()
    text, hidden = f"says {SECRET}", f"says {MASK}"
    assert found.answer(CannotBegin(fault=Fault.BROKEN, reason=text)).reason == hidden
    assert found.answer(NoFork(fault="no-fork", reason=text)).reason == hidden
    assert found.answer(PreImported(modules=[], failed=[("m", text)])).failed == [("m", hidden)]
    listing = Listing(files=[], skipped=[("a.py", SkipReason.UNEXAMINED, text)], passed_over=[])
    assert found.answer(listing).skipped == [("a.py", "unexamined", hidden)]
    facts = {"version": "3", "config": {}, "is_untried": False}
    ready = {"airflow": facts, "python": "", "executable": "", "trouble": text}
    answer = found.answer(msgspec.convert({**ready, "environment": {"A_KEY": "x"}}, Ready))
    assert (answer.trouble, answer.environment) == (hidden, {})
    assert found.plugins([Plugin(name="p", error=text)])[0].error == hidden


def test_variables_connections_and_the_configuration_are_known(tmp_path: Any) -> None:
    (tmp_path / "airflow.cfg").write_text(f"[smtp]\nsmtp_password = {OTHER}\n[core]\nx = %(y)s\n")
    third = planted("<alnum 20>", 3).text
    found = masking(
        {"AIRFLOW_HOME": str(tmp_path)},
        variables={"settings": {"api_key": SECRET}},
        connections={"db": f"postgres://ada:{third}@db/x"},
    )
    assert found.text(f"{SECRET} {OTHER} {third}") == f"{MASK} {MASK} {MASK}"


def test_a_damaged_configuration_is_no_error(tmp_path: Any) -> None:
    (tmp_path / "airflow.cfg").write_bytes(b"\xff\xfe[core")
    assert masking({"AIRFLOW_HOME": str(tmp_path)}).text("text") == "text"


def test_a_text_is_cut_behind_the_mask() -> None:
    found = masking()
    for length in range(290, 320):
        what = "x " * (length // 2) + SECRET
        shown = found.reply(reply(effects=[effect(what)])).result
        assert shown is not None
        assert SECRET[:6] not in shown.effects[0].what
        assert len(shown.effects[0].what) <= 310


@pytest.mark.parametrize("note", ["…", "… (1,234 more characters)", "… (5 more characters)\n"])
def test_the_beginning_of_a_secret_before_the_note_about_a_cut_is_masked(note: str) -> None:
    assert masking().text(f"says {SECRET[:9]}{note}") == f"says {MASK}{note}"

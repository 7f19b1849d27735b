"""Classifies calls in callables: reading from another system, writing to one, sending a message."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterable
from typing import NamedTuple

from dagprof.practices.source import sql
from dagprof.practices.source.module import Module, keyword


class Action(enum.Enum):
    """What a call does to another system."""

    EXTRACT = "reads from"
    LOAD = "writes to"
    NOTIFY = "sends a message to"


class Act(NamedTuple):
    """One call with its action. ``call`` is the call as the source has it, without arguments."""

    action: Action
    node: ast.Call
    call: str
    module: Module


# Methods and functions by their last name. Only names that mean this in the hooks of the providers
# and in the usual client libraries.
_EXTRACTS = frozenset(
    (
        *("get_records", "get_first", "get_pandas_df", "get_df", "get_polars_df"),
        *("read_sql", "read_sql_query", "read_sql_table", "read_gbq"),
        *("fetchall", "fetchone", "fetchmany", "download_file", "download_fileobj"),
        *("download_as_string", "download_as_text", "download_as_bytes", "download_to_filename"),
        *("retrieve_file", "read_key", "urlopen", "urlretrieve", "get_object"),
        *("to_dataframe", "fetch_pandas_all"),
    )
)
_LOADS = frozenset(
    (
        *(
            "insert_rows",
            "bulk_load",
            "insert_rows_json",
            "insert_all",
            "load_table_from_dataframe",
        ),
        *("load_table_from_json", "load_table_from_uri", "to_sql", "to_gbq", "write_pandas"),
        *("load_file", "load_string", "load_bytes", "load_file_obj", "upload_file"),
        *("upload_fileobj", "upload_from_string", "upload_from_filename", "upload_from_file"),
        *("put_object", "delete_objects", "put_item", "batch_write_item", "store_file"),
        *("insert_one", "insert_many", "copy_expert"),
    )
)
_NOTIFIES = frozenset(
    ("send_email", "sendmail", "send_message", "chat_postMessage", "send_email_smtp")
)
_POSTS = ("requests.post", "httpx.post")
_CHATS = re.compile(r"hooks\.slack\.com|webhook|chat\.googleapis|discord(?:app)?\.com/api", re.I)
_TOPIC = re.compile(r"sns|topic|publisher", re.IGNORECASE)
_HTTP_READS = ("requests.get", "httpx.get", "urllib.request.urlopen", "urllib.request.urlretrieve")
_RUNS_SQL = frozenset(("run", "execute", "executemany"))


def acts(nodes: Iterable[tuple[Module, ast.AST]]) -> list[Act]:
    """The calls among the nodes that act on another system, in the order of the nodes."""
    found = []
    for module, node in nodes:
        if isinstance(node, ast.Call):
            action = action_of(module, node)
            if action is not None:
                found.append(Act(action, node, name_of(module, node), module))
    return found


def name_of(module: Module, call: ast.Call) -> str:
    """The name of a called function, short enough for a sentence."""
    if isinstance(call.func, ast.Attribute):
        before = call.func.value
        if isinstance(before, ast.Name):
            return f"{before.id}.{call.func.attr}"
        return call.func.attr
    return module.dotted(call.func)


def action_of(module: Module, call: ast.Call) -> Action | None:
    """What a call does to another system; None if it does nothing that is known."""
    name = module.dotted(call.func)
    last = name.rpartition(".")[2]
    if name in _HTTP_READS or last in _EXTRACTS:
        return Action.EXTRACT
    if last in _LOADS:
        return Action.LOAD
    if last in _NOTIFIES or _is_message(module, call, name):
        return Action.NOTIFY
    if last in _RUNS_SQL and "." in name:
        return _of_sql(module, call)
    return None


def _is_message(module: Module, call: ast.Call, name: str) -> bool:
    """Whether a call posts to a chat, or publishes to a topic."""
    if name in _POSTS:
        url = keyword(call, "url") or (call.args[0] if call.args else None)
        text = module.text_of(url) or (module.dotted(url) if url is not None else "")
        return _CHATS.search(text) is not None
    before, _, last = name.rpartition(".")
    return (
        last == "publish"
        and _TOPIC.search(" ".join([before, *(each.arg or "" for each in call.keywords)]))
        is not None
    )


def _of_sql(module: Module, call: ast.Call) -> Action | None:
    text = sql_of(module, call)
    found = sql.statements(text) if text is not None else []
    if any(statement.is_write for statement in found):
        return Action.LOAD
    return Action.EXTRACT if found and all(each.is_read for each in found) else None


def sql_of(module: Module, call: ast.Call) -> str | None:
    """The SQL text that a call gets: its first argument, or the argument ``sql``."""
    value = keyword(call, "sql") or _query(call) or (call.args[0] if call.args else None)
    if isinstance(value, (ast.List, ast.Tuple)):
        return ";\n".join(filter(None, map(module.text_of, value.elts)))
    return module.text_of(value)


def _query(call: ast.Call) -> ast.expr | None:
    """The text in ``configuration={"query": {"query": …}}`` of BigQuery's jobs."""
    value = keyword(call, "configuration")
    while isinstance(value, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
        value = value.values[keys.index("query")] if "query" in keys else None
    return value

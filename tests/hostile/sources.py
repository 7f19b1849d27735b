"""The source of a DAG file itself: encodings, line ends, sizes, what no parser likes."""

from hostile.entry import Behaviour

_HEAD = b"# airflow dag\n"
# With any Airflow; in 3 the name is that of the model until it is gone.
_DAG = b"from airflow.models.dag import DAG\nwith DAG('hostile_source', schedule=None): pass\n"
ERROR = "import-error"


def _source(name: str, status: str, why: str, raw: bytes, airflow2: str = "") -> Behaviour:
    return Behaviour(f"source_{name}", status, why, raw=_HEAD + raw, airflow2=airflow2)


SOURCES = (
    _source("nul", ERROR, "a NUL in the source", b"x = '\x00'\n"),
    _source("no_utf8", ERROR, "bytes that are no UTF-8", b"x = '\xff\xfe'\n"),
    _source(
        "no_utf8_comment",
        "import-error|no-dags",
        "a comment that is no UTF-8",
        b"# \xed\xa0\x80\nx = 1\n",
    ),
    Behaviour(
        "source_latin1",
        "ok",
        "a declared encoding",
        raw=b"# coding: latin-1\n# airflow dag \xe9\n" + _DAG,
    ),
    Behaviour(
        "source_unknown_encoding",
        ERROR,
        "an encoding that does not exist",
        raw=b"# coding: no-such\n# airflow dag\n",
    ),
    Behaviour(
        "source_utf16",
        "import-error|no-dags",
        "declares what it is not",
        raw=b"# coding: utf-16\n# airflow dag\n",
    ),
    Behaviour(
        "source_rot13",
        ERROR,
        "an encoding that is none of texts",
        raw=b"# coding: rot13\n# airflow dag\n",
    ),
    Behaviour(
        "source_idna",
        "import-error|no-dags",
        "a slow encoding",
        raw=b"# coding: idna\n# airflow dag\n" + b"#" + b"x" * 50_000,
    ),
    Behaviour(
        "source_bom", "ok", "a mark of byte order", raw=b"\xef\xbb\xbf# airflow dag\n" + _DAG
    ),
    Behaviour(
        "source_boms",
        ERROR,
        "two marks of byte order",
        raw=b"\xef\xbb\xbf\xef\xbb\xbf# airflow dag\n" + _DAG,
    ),
    Behaviour(
        "source_carriage_returns",
        "ok",
        "line ends of old",
        raw=b"# airflow dag\r" + _DAG.replace(b"\n", b"\r"),
    ),
    _source(
        "form_feeds",
        "ok",
        "form feeds and odd spaces",
        b"\x0c\n\x0c" + _DAG + b"\x0c# \xe2\x80\xa8 x\n# \xc2\x85\nx = 1\n",
    ),
    _source("no_line_end", "ok", "no line end at the end", _DAG + b"# end"),
    _source(
        "right_to_left",
        "ok",
        "marks that turn the direction of text",
        _DAG + "x = 'a\u202eb\u2066c'  # \u2067\n".encode(),
    ),
    _source(
        "escapes",
        "ok",
        "escapes, HTML and commands in comments",
        _DAG
        + b"x = 1  # \x1b[2J</script><script>alert(1)</script><!-- ::error::x ##vso[task.complete]\n",
    ),
    _source("long_line", "ok", "a line of 2 MB", _DAG + b"x = '" + b"y" * 2_000_000 + b"'\n"),
    _source("many_lines", "ok", "20,000 statements", _DAG + b"x = 1\n" * 20_000),
    _source(
        "many_functions",
        "ok",
        "5,000 functions",
        _DAG + b"".join(b"def f%d(): return %d\n" % (n, n) for n in range(5000)),
    ),
    _source(
        "big_table",
        "ok",
        "a table of 50,000 rows",
        _DAG
        + b"x = {\n"
        + b"".join(b"    'key_%d': [%d, 'v'],\n" % (n, n) for n in range(50_000))
        + b"}\n",
    ),
    _source(
        "parentheses",
        ERROR,
        "5,000 parentheses in each other",
        b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
    ),
    _source(
        "nested_lists",
        ERROR,
        "150 lists in each other",
        b"x = " + b"[" * 150 + b"]" * 150 + b"\n" + b"y = " + b"[" * 250 + b"]" * 250 + b"\n",
    ),
    _source(
        "indentation",
        ERROR,
        "120 blocks in each other",
        b"".join(b" " * n + b"if 1:\n" for n in range(120)) + b" " * 120 + b"x = 1\n",
    ),
    _source(
        "long_sum",
        "import-error|ok",
        "a sum of 20,000 terms",
        b"x = " + b"+".join([b"1"] * 20_000) + b"\n" + _DAG,
        airflow2="import-error|ok|out-of-memory",
    ),
    _source(
        "long_unary",
        "import-error|out-of-memory|killed",
        "20,000 signs",
        b"x = " + b"-" * 20_000 + b"1\n",
    ),
    _source(
        "long_attribute",
        "import-error|ok|killed",
        "5,000 attributes",
        b"def f(a): a" + b".a" * 5000 + b"\n" + _DAG,
    ),
    _source(
        "long_else_if",
        "import-error|ok|killed|exited",
        "2,500 branches",
        b"z = 7\nif z == -1: pass\n"
        + b"".join(b"elif z == %d: pass\n" % (n + 10) for n in range(2500))
        + _DAG,
    ),
    _source("unknown_escapes", "ok", "escapes that warn", _DAG + b"x = '\\d\\w\\s'\n"),
    _source("huge_number", "ok", "a number of 4,000 digits", _DAG + b"x = " + b"9" * 4000 + b"\n"),
    _source("too_huge_number", ERROR, "a number of 10,000 digits", b"x = " + b"9" * 10_000 + b"\n"),
    _source(
        "folded_constant",
        "ok",
        "a constant that the compiler leaves alone",
        _DAG + b"x = 'a' * (1 << 20) ** 1 if 0 else 1\n",
    ),
    _source("half_a_string", ERROR, "a string without end", b"x = '''\n" + b"y\n" * 100_000),
    _source("syntax_after_dag", ERROR, "a mistake at the end", _DAG + b"def broken(:\n"),
    _source("future", ERROR, "a future that never comes", b"from __future__ import braces\n"),
    _source(
        "future_annotations",
        "ok",
        "a docstring and a future",
        b"'''text'''\nfrom __future__ import annotations\n" + _DAG,
    ),
    _source(
        "star_import",
        "ok",
        "takes all names of a module",
        _DAG + b"from os import *\nfrom json import *\n",
    ),
    _source("await_outside", ERROR, "await at the top", b"await x\n"),
    _source(
        "names_alike",
        "ok",
        "letters that look alike",
        _DAG + "\u0430\u0456rflow = 1; \uff58 = 2; \u00aa = 3\n".encode(),
    ),
    _source("only_word", "no-dags", "no code at all", b""),
    _source("tabs", ERROR, "tabs and spaces", b"if 1:\n\tx = 1\n        y = 2\n"),
)

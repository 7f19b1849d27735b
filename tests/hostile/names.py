"""Names of DAG files: each holds an ordinary DAG."""

import os

from hostile.entry import Behaviour


def _named(name: str, file: str, status: str = "ok", why: str = "an ordinary DAG") -> Behaviour:
    return Behaviour(f"name_{name}", status, why, file=file)


NAMES = (
    _named("spaces", "  a b  c .py"),
    _named("quotes", 'it\'s "quoted" `id`.py'),
    _named("line_end", "line\nend.py"),
    _named("line_ends", "a\r\n::error file=x::PWN\r.py"),
    _named("tabs", "a\tb\x0b\x0c.py"),
    _named("controls", "\x01\x02\x7f\x1b.py"),
    _named("escapes", "\x1b[2J\x1b]0;title\x07\x1b[31mred.py"),
    _named("other_scripts", "\u0434\u0430\u0433-\u6771\u4eac-\U0001f600.py"),
    _named("combined", "e\u0301\u0301\u0301\u0301\u200b\ufeff.py"),
    _named("right_to_left", "abc\u202eyp.exe\u2066.py"),
    _named("line_separator", "a\u2028b\u2029c\x85.py"),
    _named("no_utf8", os.fsdecode(b"\xff\xfe\xed\xa0\x80.py"), "import-error|no-dags|lost|ok"),
    _named("latin1", os.fsdecode(b"caf\xe9.py"), "import-error|no-dags|lost|ok"),
    _named("html", "<script>alert(1)<!--.py"),
    _named("html_attribute", "\" onmouseover=alert(1) x='.py"),
    _named("entities", "&lt;b&gt;&amp;&#x3c;.py"),
    _named("markdown", "[x](javascript:alert`1`) ![i](x) **b** | `c`.py"),
    _named("rich_markup", "[red]x[link=http:x]y[bad[.py"),
    _named("github", "::error file=a,line=1::PWN.py"),
    _named("github_old", "##[set-output name=x]PWN.py"),
    _named("azure", "##vso[task.setvariable variable=X]PWN.py"),
    _named("gitlab", "\x1b[0Ksection_start:1:x[collapsed=true]\rPWN.py"),
    _named("option", "--help.py"),
    _named("option_file", "-c.py"),
    _named("shell", "$(touch pwn); `touch pwn`; & touch pwn.py"),
    _named("glob", "*?[!a]{b,c}.py"),
    _named("format", "%s%n%d{0}{x!r}{{.py"),
    _named("backslashes", "a\\b\\..\\c.py"),
    _named("dots", "...py"),
    _named("hidden", ".hidden.py"),
    _named("many_dots", "a.b.c.d.py"),
    _named("long", "n" * 250 + ".py"),
    _named("percent", "%2e%2e%2fpasswd%00.py"),
    _named("json_module", "json.py"),
    _named("os_module", "os.py"),
    _named("airflow_module", "airflow.py"),
    _named("dagprof_module", "dagprof.py"),
    _named("probe_module", "_dagprof_probe.py"),
    _named("site_module", "sitecustomize.py"),
    _named("test_module", "conftest.py"),
    _named("package_file", "__init__.py"),
    _named("main_file", "__main__.py"),
    _named("capitals", "AA_CLEAN.py"),
    _named("looks_like_helper", "clean_helper .py"),
    _named("proto", "__proto__.py"),
    _named("constructor", "constructor.py"),
    _named("url", "https:x.py"),
    _named("secret", "password=hunter2-token.py"),
)

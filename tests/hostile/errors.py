"""Exceptions and their messages: what is shown of them is written by the file."""

from hostile.entry import Behaviour

_ODD = "class Odd(Exception):\n"


def _raises(name: str, why: str, code: str, status: str = "import-error") -> Behaviour:
    return Behaviour(name, status, why, code)


ERRORS = (
    _raises("long_message", "50 MB", "raise RuntimeError('m' * 50_000_000)"),
    _raises(
        "surrogate_message",
        "no UTF-8",
        "raise RuntimeError('\\ud800 \\udcff')",
        "import-error|lost",
    ),
    _raises("nul_message", "NULs", "raise RuntimeError('a\\0b' * 1000)"),
    _raises(
        "hostile_message",
        "escapes, HTML, Markdown, commands of CI systems",
        r"""
        raise RuntimeError(
            "\x1b[2J\x9b31m\u202e</script><script>alert(1)</script><img src=x onerror=alert(1)>"
            "![x](http://hostile.invalid)\n::error file=a.py::PWN\n##vso[task.complete]\n[red]markup[/red]"
        )
        """,
    ),
    _raises("many_lines", "100,000 lines", "raise RuntimeError('line\\n' * 100_000)"),
    _raises(
        "password_message", "-pwd again and again", "raise RuntimeError('-pwd' * 20_000 + '=' * 9)"
    ),
    _raises("no_text", "__str__ raises", _ODD + "    def __str__(self): 1 / 0\nraise Odd"),
    _raises(
        "text_is_number",
        "__str__ gives a number: Airflow 3 drops the TypeError, and has neither DAG nor error",
        _ODD + "    def __str__(self): return 5\nraise Odd",
        "import-error|no-dags",
    ),
    _raises(
        "text_raises_exit",
        "__str__ raises SystemExit",
        _ODD + "    def __str__(self): raise SystemExit(3)\nraise Odd",
        "import-error|exited",
    ),
    _raises(
        "text_exits",
        "__str__ ends the process",
        _ODD + "    def __str__(self):\n        import os; os._exit(5)\nraise Odd",
        "exited",
    ),
    _raises(
        "text_hangs",
        "__str__ does not end",
        _ODD + "    def __str__(self):\n        import time; time.sleep(600)\nraise Odd",
        "timed-out",
    ),
    _raises(
        "text_recurses",
        "__str__ calls itself",
        _ODD + "    def __str__(self): return str(self)\nraise Odd",
    ),
    _raises(
        "text_of_its_own_type",
        "__str__ gives a subclass of str that misbehaves",
        """
        class Text(str):
            def __getitem__(self, key): raise ValueError("no slice")
            def __len__(self): return 10 ** 9
        class Odd(Exception):
            def __str__(self): return Text("text")
        raise Odd
        """,
    ),
    _raises("long_name", "a name of 1 MB", "raise type('X' * 1_000_000, (Exception,), {})"),
    _raises(
        "odd_name",
        "a name with HTML, line ends and escapes",
        r"raise type('<b>\n::error::\x1b[2J\udcff', (Exception,), {})('x')",
        "import-error|lost",
    ),
    _raises(
        "odd_module",
        "a module that is no text",
        "Odd = type('Odd', (Exception,), {'__module__': 7, '__qualname__': 'a'})\nraise Odd('x')",
    ),
    _raises(
        "odd_class",
        "__class__ raises",
        _ODD + "    __class__ = property(lambda self: 1 / 0)\nraise Odd('x')",
        "import-error|lost|exited",
    ),
    _raises(
        "cause_cycle",
        "two exceptions that cause each other",
        "a, b = ValueError('a'), ValueError('b')\na.__cause__, b.__cause__ = b, a\nraise a",
    ),
    _raises(
        "long_chain",
        "3,000 causes",
        """
        error = None
        for number in range(3000):
            new = ValueError(number); new.__cause__ = error; error = new
        raise error
        """,
        "import-error|killed|exited|lost|out-of-memory",
    ),
    _raises(
        "cause_raises",
        "__cause__ and __context__ cannot be read",
        _ODD + "    __cause__ = __context__ = property(lambda self: 1 / 0)\nraise Odd('x')",
        "import-error|lost|exited",
    ),
    _raises(
        "traceback_raises",
        "__traceback__ cannot be read",
        _ODD + "    __traceback__ = property(lambda self: 1 / 0)\nraise Odd('x')",
        "import-error|lost|exited",
    ),
    _raises(
        "suppress_raises",
        "__suppress_context__ cannot be read",
        _ODD + "    __suppress_context__ = property(lambda self: 1 / 0)\nraise Odd('x')",
        "import-error|lost|exited",
    ),
    _raises(
        "attributes_raise",
        "every attribute that is looked for raises",
        _ODD + "    def __getattribute__(self, name): raise RuntimeError(name)\nraise Odd('x')",
        "import-error|lost|exited",
    ),
    _raises(
        "notes",
        "notes of 10 MB, and no list",
        "error = ValueError('x'); error.add_note('n' * 10_000_000)\nraise error",
    ),
    _raises("odd_notes", "notes are a number", "e = ValueError('x'); e.__notes__ = 7\nraise e"),
    _raises(
        "groups",
        "groups in groups",
        """
        error = ValueError("inner")
        for number in range(200): error = ExceptionGroup(f"group {number}", [error])
        raise error
        """,
    ),
    _raises(
        "wide_group",
        "5,000 exceptions at once",
        "raise ExceptionGroup('all', [ValueError(n) for n in range(5000)])",
    ),
    _raises(
        "odd_syntax_error",
        "fields of a SyntaxError that are none",
        "raise SyntaxError('x', (b'name', -5, object(), 'text' * 100_000))",
        "import-error|lost|exited",
    ),
    _raises(
        "syntax_error_elsewhere",
        "a SyntaxError that names another file and line 10**30",
        "raise SyntaxError('x', ('/etc/passwd', 10**30, 10**30, 'a\\n::error::x'))",
        "import-error|lost|exited",
    ),
    _raises(
        "odd_places",
        "frames of files that do not exist, with odd names",
        """
        code = "def f():\\n    raise ValueError('x')\\nf()"
        exec(compile(code, "<script>\\n::error::x\\x1b[2J", "exec"))
        """,
    ),
    _raises(
        "place_in_password_file",
        "a frame in another file",
        "exec(compile('\\n' * 3 + 'raise ValueError(1)', '/etc/passwd', 'exec'))",
    ),
    _raises(
        "line_out_of_range",
        "a line that no file has",
        """
        import ast
        tree = ast.parse("raise ValueError('far')")
        for node in ast.walk(tree):
            if hasattr(node, "lineno"): node.lineno = node.end_lineno = 2**30
        exec(compile(tree, __file__, "exec"))
        """,
    ),
    _raises(
        "many_frames",
        "900 frames",
        "def down(n):\n    if not n: raise ValueError('deep')\n    down(n - 1)\ndown(900)",
    ),
    _raises("cancelled", "asyncio's", "import asyncio; raise asyncio.CancelledError('x')"),
    _raises("stop_iteration", "StopIteration", "raise StopIteration(10**100)"),
    _raises("raises_none", "TypeError", "raise None"),
    _raises("missing_name", "a module whose name is HTML", "__import__('<b>x</b>\\n::error::')"),
    _raises(
        "odd_import_error",
        "names that are no text",
        "raise ModuleNotFoundError(\"No module named '../../x'\", name=7, path=object())",
    ),
    _raises(
        "os_error", "an odd number and name", "raise OSError(99999, b'\\xff', b'\\xfe' * 9999)"
    ),
    _raises(
        "policy_violation",
        "Airflow's own exceptions",
        "from airflow.exceptions import AirflowClusterPolicyViolation\nraise AirflowClusterPolicyViolation",
    ),
    _raises(
        "skip_dag_exception",
        "Airflow's own exceptions",
        "from airflow.exceptions import AirflowSkipException\nraise AirflowSkipException('x')",
    ),
    _raises(
        "raises_in_hook",
        "sys.excepthook is not asked",
        "import os, sys; sys.excepthook = lambda *facts: os._exit(3)\nraise ValueError('x')",
    ),
    _raises(
        "assertion_by_rewriting",
        "an exception with a code object and a frame as arguments",
        "import sys\nraise AssertionError(sys._getframe(), (lambda: 0).__code__, object())",
    ),
)

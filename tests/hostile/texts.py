"""Texts of every kind that DAG code can bring into a result: effects, places, commands, ids."""

from hostile.entry import Behaviour

_TEXT = r"""
TEXT = (
    "\x1b[2J\x1b]8;;http://hostile.invalid\x07link\x1b]8;;\x07\x9b31m\u202eabc\u2066\u200b\x00"
    "<script>alert(1)</script><img src=//hostile.invalid/x onerror=alert(1)>&amp;"
    "![x](http://hostile.invalid) [red]x[/red] {{ 7 * 7 }} ${7*7} %s {0}"
    "\n::error file=a.py,line=1::PWN\n::add-mask::e\n##vso[task.complete]\n##[group]x\n"
)
"""


def _text(name: str, why: str, code: str, status: str = "ok", airflow2: str = "") -> Behaviour:
    return Behaviour(f"text_{name}", status, why, _TEXT + code, airflow2=airflow2)


TEXTS = (
    _text("printed", "in the output", "import sys; print(TEXT); print(TEXT, file=sys.stderr)"),
    _text("raised", "in an exception", "raise ValueError(TEXT)", "import-error"),
    _text(
        "raised_long",
        "wrapped in the log",
        "raise ValueError(('word ' * 12 + TEXT) * 30)",
        "import-error",
    ),
    _text("warned", "in a warning", "import warnings; warnings.warn(TEXT)"),
    _text("logged", "in the log", "import logging; logging.getLogger(TEXT).error(TEXT)"),
    _text(
        "opened",
        "as the name of a file",
        "try: open('/tmp/' + TEXT.replace('\\0', ''))\nexcept OSError: pass",
    ),
    _text(
        "opened_nul",
        "as a name that no file has",
        "try: open(TEXT)\nexcept (OSError, ValueError): pass",
    ),
    _text(
        "listed",
        "as the name of a folder",
        "import os\ntry: os.listdir(TEXT.replace('\\0', ''))\nexcept OSError: pass",
    ),
    _text(
        "program",
        "as arguments of a program",
        "import subprocess; subprocess.run(['true', TEXT.replace('\\0', '')])",
    ),
    _text(
        "program_bytes",
        "as bytes",
        "import subprocess; subprocess.run([b'true', b'\\xff\\n::error::x'])",
    ),
    _text(
        "program_missing",
        "as a program",
        "import subprocess\ntry: subprocess.run([TEXT.replace('\\0', '')])\nexcept OSError: pass",
    ),
    _text(
        "shell",
        "as a command of a shell",
        "import os; os.system(': \\'' + TEXT.replace('\\0', '').replace('\\'', '') + '\\'')",
    ),
    _text(
        "secret_program",
        "a password in a command",
        "import subprocess; subprocess.run(['true', '--password', 'hunter2', 'token=' + 'x' * 40])",
    ),
    _text(
        "host",
        "as a host",
        "import socket\ntry: socket.getaddrinfo(TEXT.replace('\\0', '')[:60], 80)\nexcept (OSError, UnicodeError): pass",
    ),
    _text(
        "connected",
        "as an address",
        "import socket\ntry: socket.socket(socket.AF_UNIX).connect('\\0' + TEXT[:80].replace('\\0', ''))\nexcept (OSError, UnicodeError): pass",
    ),
    _text(
        "url",
        "in a URL",
        "import urllib.request\ntry: urllib.request.urlopen('http://u:p@127.0.0.1:1/' + TEXT, timeout=1)\nexcept Exception: pass",
    ),
    _text(
        "database",
        "in a query",
        "import sqlite3\ntry: sqlite3.connect(':memory:').execute(TEXT.replace('\\0', ''))\nexcept Exception: pass",
    ),
    _text(
        "executed",
        "as the name of executed code",
        "exec(compile('x = 1', TEXT.replace('\\0', ''), 'exec'))",
    ),
    _text(
        "source_executed",
        "in executed code",
        "exec('y = 1  # ' + TEXT.replace('\\n', ' ').replace('\\0', ''))",
    ),
    _text("module", "as a module", "import sys, types; sys.modules[TEXT] = types.ModuleType(TEXT)"),
    _text(
        "module_missing",
        "as a module that is missing",
        "try: __import__(TEXT.replace('\\0', ''))\nexcept ImportError: pass",
    ),
    _text("path", "on sys.path", "import sys; sys.path.append(TEXT)", airflow2="ok|import-error"),
    _text(
        "environment",
        "in the environment",
        "import os; os.environ['X'] = os.environ['HOSTILE'] = TEXT.replace('\\0', '')",
    ),
    _text(
        "environment_read",
        "as the name of a variable",
        "import os; os.environ.get(TEXT.replace('\\0', ''))",
    ),
    _text(
        "thread",
        "as the name of a thread",
        "import threading, time; threading.Thread(target=time.sleep, args=(9,), name=TEXT, daemon=True).start()",
    ),
    _text(
        "signal",
        "in a handler's name",
        "import signal\ndef f(*a): pass\nf.__name__ = f.__qualname__ = TEXT; signal.signal(signal.SIGUSR1, f)",
    ),
    _text(
        "exit_handler",
        "in an exit handler's name",
        "import atexit\ndef f(): pass\nf.__name__ = f.__qualname__ = f.__module__ = TEXT; atexit.register(f)",
    ),
    _text(
        "folder",
        "as the working folder",
        "import os, tempfile\nwith tempfile.TemporaryDirectory() as d:\n    p = d + '/' + TEXT.replace('\\0', '').replace('/', '')[:90]; os.mkdir(p); os.chdir(p)\nos.chdir('/')",
    ),
    _text("process_title", "as the program's name", "import sys; sys.argv[:] = [TEXT] * 3"),
    _text(
        "class",
        "as a class",
        "Odd = type('Odd', (), {'__module__': TEXT, '__doc__': TEXT}); Odd.__name__ = TEXT.replace('\\0', '')",
    ),
    _text(
        "function_in_traceback",
        "as a function in a traceback",
        "def f(): raise ValueError('x')\nf.__code__ = f.__code__.replace(co_name=TEXT, co_qualname=TEXT, co_filename=TEXT)\nf()",
        "import-error|no-dags",
    ),
    _text(
        "line_in_traceback",
        "as a line of a traceback",
        "raise ValueError('x')  # \x1b[2J <script>alert(1)</script> ::error::x ##vso[task.complete]",
        "import-error",
    ),
    _text(
        "documented",
        "in every text of a DAG",
        "with DAG('hostile_documented', schedule=None, description=TEXT.replace('\\0', ''), doc_md=TEXT, tags=[TEXT.replace('\\0', '')[:90]]): EmptyOperator(task_id='t', doc=TEXT)",
        airflow2="ok|import-error",
    ),
    _text(
        "variable",
        "as the name of a Variable",
        "from SDK import Variable\nVariable.get(TEXT.replace('\\0', ''), None)",
    ),
    _text(
        "many_effects",
        "3,000 different files",
        "for number in range(3000):\n    try: open(f'/nonexistent/{number}{TEXT[:40]}'.replace('\\0', ''))\n    except OSError: pass",
    ),
    _text(
        "huge_effect", "a name of 4 MB", "try: open('/' + 'n' * 4_000_000)\nexcept OSError: pass"
    ),
    _text(
        "password_effect",
        "names that look like secrets",
        "for n in range(200):\n    try: open('/x/' + '-pwd' * 900 + str(n))\n    except OSError: pass",
    ),
)

"""How much is kept of what a DAG file does and says, and how text is cut to that.

A file can say things of any length, any number of times. What is cut says so where it is shown, and
what is left out is counted (``left_out`` in ``protocol.Result``).
"""

from __future__ import annotations

from typing import Callable

# Characters. Airflow's own limit of ids and keys; a name that is longer is no name.
NAME = 250
# What the kernel allows in a path.
PATH = 4096
# What an effect was about: a command line, a statement, an address. It is one line of a table.
WHAT = 300
# A paragraph that people read. Errors of compilers and validators are this long.
MESSAGE = 2000
# The user's frames, and what stands below them: messages and notes again, lines of source.
TRACEBACK = 16_000
EXCEPTION = 4000
SOURCE_LINE = 500
WARNING = 500
# Beyond a cut, so much is redacted and not shown: a secret in which the cut falls is masked whole.
MARGIN = 4096

# Frames of a traceback: of a deep recursion, the way in and the place where it ended.
FIRST_FRAMES, LAST_FRAMES = 20, 60

# Rows of one parse. More than a person can look at; together they stay far below an answer's limit.
FAILURES = 100
# Exceptions that Airflow made a text of while the file was parsed; most are of other files.
FORMATTED = 1000
WARNINGS = 50
LOOKUPS = 5000
# Of each kind, so that files which are read do not hide a query.
EFFECTS = 2000
# Entries of ``sys.path``; beyond, its changes are not looked at.
SEARCH_PATH = 1000
# Threads and programs that are watched for whether they outlive the parse.
STARTED = 5000
LOST_DAGS = 1000
MISSED_NAMES = 1000
STATE_NAMES = 5000
# The largest imports load 5,000 modules and have 30,000 edges.
LOADS = 50_000
EDGES = 100_000
# Import statements that are kept while a parse runs; equal ones are dropped when it gets here.
IMPORT_STATEMENTS = 200_000
# A generated file has 10,000 statements. A syntax tree takes 100 times the source's memory.
STATEMENTS = 20_000
SOURCE_BYTES = 4 << 20
# Characters of a serialised DAG of which all fields are compared, with ten for each value; of three
# DAGs at once.
DOCUMENT = 8_000_000

# Bytes of each standard stream.
OUTPUT_BYTES = 32 * 1024
# Bytes of an answer, and JSON values in it: read, a value takes 60 bytes or more. With all rows
# above and 100,000 DAGs an answer has 40 MB and three million values.
ANSWER_BYTES = 64 << 20
ANSWER_VALUES = 4_000_000

ELLIPSIS = "…"
_LARGEST_LINE = 1 << 31
# The text between two places as an exact ``str``, of a subclass too.
_slice = str.__getitem__
_name_of_type = type.__dict__["__name__"].__get__


def plain(value: object) -> str:
    """The text of a value as an exact ``str``: none of its own methods runs later, and of text none
    runs now.
    """
    try:
        return _slice(value if issubclass(type(value), str) else str(value), slice(None))  # type: ignore[arg-type]
    except Exception as error:
        return "<text not printable: %s>" % type_name(error)


def type_name(value: object) -> str:
    """The name of a value's type, also where its class has another one to show."""
    return cut(_slice(_name_of_type(type(value)), slice(None)), NAME)


def cut(text: str, limit: int) -> str:
    """The first characters of a text, with a note of how many more it had."""
    return text if len(text) <= limit else text[:limit] + _more(len(text) - limit)


def shown(text: str, limit: int, redact: Callable[[str], str]) -> str:
    """The first characters of a text with secrets masked, with a note of how many more it had."""
    head, is_cut = _masked(text, limit, redact)
    return head + _more(len(text) - limit) if is_cut else head


def brief(text: str, limit: int, redact: Callable[[str], str]) -> str:
    """The same for one line of a table: an ellipsis stands for the rest."""
    head, is_cut = _masked(text, limit, redact)
    return head + ELLIPSIS if is_cut else head


def _masked(text: str, limit: int, redact: Callable[[str], str]) -> tuple[str, bool]:
    """The first characters of a text with its secrets masked, and whether there are more.

    Only what may be shown is redacted, and a margin: a secret that goes on behind it is not
    recognised, but begins within.
    """
    is_cut = len(text) > limit + MARGIN
    masked = redact(text[: limit + MARGIN])
    if is_cut:
        masked = masked[:-MARGIN]
    return masked[:limit], is_cut or len(masked) > limit


def _more(characters: int) -> str:
    return "%s (%s more characters)" % (ELLIPSIS, format(characters, ","))


def line_number(value: object) -> int:
    """A line number as a file can have it, else 0: an attribute of an exception may be anything."""
    return value if type(value) is int and 0 <= value < _LARGEST_LINE else 0

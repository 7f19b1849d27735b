"""The limits of what dagprof keeps of a DAG file, and the ways to cut text to them.

A file can produce text of any length, any number of times. A text that is cut says so. dagprof
counts the rows that it leaves out (``left_out`` in ``protocol.Result``).
"""

from __future__ import annotations

# Characters of a name. Airflow's own limit of ids and keys.
NAME = 250
# Characters of a path. Linux allows no more.
PATH = 4096
# Characters of an effect: a command line, a statement, an address. An effect is a row of a table.
WHAT = 300
# Characters of a message. The messages of compilers and validators are that long.
MESSAGE = 2000
# Characters of the user's frames, and of the lines below them: the message again, with its notes.
TRACEBACK = 16_000
EXCEPTION = 4000
SOURCE_LINE = 500
WARNING = 500
# The process that asked for the parse masks secrets. It does not recognise half a secret. So a cut
# drops the word that it falls into.
_WORD_ENDS = " \n\t\"'`&?=,;:/()[]{}<>"

# Frames of a traceback. Of a deep recursion these show how it began and where it ended.
FIRST_FRAMES, LAST_FRAMES = 20, 60

# Rows of one parse. A person does not read more, and together they stay far below ANSWER_BYTES.
FAILURES = 100
# Exceptions that Airflow turned into text during the parse. Most of them belong to other files.
FORMATTED = 1000
WARNINGS = 50
LOOKUPS = 5000
# Rows of each kind of effect. With one limit for all kinds, many files would hide a query.
EFFECTS = 2000
# Entries of ``sys.path``. dagprof does not watch a longer list, because each change compares all of
# it.
SEARCH_PATH = 1000
# Threads and programs that dagprof watches, to see which of them outlive the parse.
STARTED = 5000
LOST_DAGS = 1000
MISSED_NAMES = 1000
STATE_NAMES = 5000
# The largest imports load 5,000 modules and have 30,000 edges.
LOADS = 50_000
EDGES = 100_000
# Import statements in memory. When there are so many, dagprof drops the repeated ones.
IMPORT_STATEMENTS = 200_000
# A generated file may have 10,000 statements. A syntax tree takes 100 times as much memory as its
# source.
STATEMENTS = 20_000
SOURCE_BYTES = 4 << 20
# Characters of a serialised DAG, with ten for each value. dagprof compares three DAGs at once.
DOCUMENT = 8_000_000

# Bytes of each standard stream.
OUTPUT_BYTES = 32 * 1024
# Bytes and JSON values of a report. A value takes 60 bytes of memory or more. A report with all the
# rows above and 100,000 DAGs has 40 MB and three million values.
ANSWER_BYTES = 64 << 20
ANSWER_VALUES = 4_000_000

ELLIPSIS = "…"
_LARGEST_LINE = 1 << 31
# These two work on subclasses too, without running a method of the subclass.
_slice = str.__getitem__
_name_of_type = type.__dict__["__name__"].__get__


def plain(value: object) -> str:
    """Return the text of a value as an exact ``str``. Of text, no method of a subclass runs."""
    try:
        text = value if issubclass(type(value), str) else str(value)
        return _slice(text, slice(None))  # type: ignore[arg-type]
    except Exception as error:
        return "<text not printable: %s>" % type_name(error)


def type_name(value: object) -> str:
    """The name of a value's type, even if the class hides it."""
    return cut(_slice(_name_of_type(type(value)), slice(None)), NAME)


def cut(text: str, limit: int) -> str:
    """Return the first ``limit`` characters, with a note of how many more there are."""
    return text if len(text) <= limit else text[:limit] + _more(len(text) - limit)


def shown(text: str, limit: int) -> str:
    """Return the beginning of a text, up to ``limit`` characters, with a note of how many more
    there are. No word is cut in two.
    """
    if len(text) <= limit:
        return text
    head = words(text, limit)
    return head + _more(len(text) - len(head))


def brief(text: str, limit: int) -> str:
    """A text for a table row, cut with an ellipsis."""
    return text if len(text) <= limit else words(text, limit) + ELLIPSIS


def words(text: str, limit: int) -> str:
    """Return up to ``limit`` characters, without the last word: it may be the beginning of a longer
    one. A shorter text, and one that is a single word, stays as it is.
    """
    if len(text) < limit:
        return text
    head = text[:limit]
    end = max(head.rfind(mark) for mark in _WORD_ENDS)
    return head[:end] if end >= 0 else head


def line_number(value: object) -> int:
    """Return a line number as it is, and 0 for any other value."""
    return value if type(value) is int and 0 <= value < _LARGEST_LINE else 0


def _more(characters: int) -> str:
    return "%s (%s more characters)" % (ELLIPSIS, format(characters, ","))

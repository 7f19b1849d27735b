"""Rows and values of the messages that more than one of them has."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple, Union

# Every value that JSON can hold.
Json = Union[None, bool, int, float, str, List["Json"], Dict[str, "Json"]]
# The form from which ``asked.stubs.build`` makes a value.
Form = Dict[str, Any]
AccessRow = List[Union[str, int]]  # kind, key, operation, who answered, file, line, count
TextRow = List[str]  # path, reason, detail; or a module and its error
LineRow = List[Union[str, int]]  # file and line, or name, file and line
StopRow = Tuple[str, str, List[LineRow]]  # exception, message, the user's lines, outermost first
ModuleRow = List[str]  # name, file, origin
EdgeRow = List[int]  # line, target, in function, importer, caller line, conditional, executed
MemoryRow = List[int]  # importer, line, KiB
# Parent, line, last line, kind, text, wall us, CPU us, count, cut, building us, GC us, member.
StatementRow = List[Union[str, int]]
UntracedRow = List[Union[str, bool]]  # exception, message, whether it is a SyntaxError

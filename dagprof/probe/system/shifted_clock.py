"""Lets this process live on another day, whoever asks for the time.

Python, Rust and most C code asks the C library's ``clock_gettime``. So the first instructions of
that function are replaced, in this process only: they jump to code that asks the kernel and adds a
number of seconds. The clocks that measure durations stay as they are.

Python's ``time.localtime()`` and its like use ``time``, which newer kernels do not let anyone
replace. They get the shifted time as their argument. ``numpy.datetime64("now")`` still gives today.
"""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

from .replaced import Builtin

_PAGE = 4096
_READ_WRITE_EXECUTE, _READ_EXECUTE = 7, 5
_PRIVATE_ANONYMOUS = 0x22
_BYTES = 8

# Instructions of x86-64. They call the kernel (``syscall``). For clocks of the date, which are the
# numbers 0, 5 and 11, they add the offset to the seconds of the answer. If the kernel refuses, they
# store the error where ``__errno_location`` says, and return -1.
_CLOCK_GETTIME = (
    "b8e4000000 0f05 85c0 751c 85ff 740a 83ff05 7405 83ff0b 750d 48b9{seconds} 48010e c3"
    " f7d8 50 48b8{errno_location} ffd0 59 8908 b8ffffffff c3"
)
# Loads an address and jumps there.
_JUMP = "49bb{address} 41ffe3"


def shift(seconds: int) -> bool:
    """Move the date of this process; whether that succeeded. Only x86-64 is supported, and the
    system may forbid the change of code.
    """
    if os.uname().machine != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != _BYTES:
        return False
    before = time.time()
    try:
        _replace(seconds)
    except (OSError, AttributeError, ValueError):
        return False
    if time.time() - before < seconds / 2:
        return False
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name)))
    setattr(time, "asctime", _with_now(time.asctime, 0))  # noqa: B010
    setattr(time, "strftime", _with_now(time.strftime, 1))  # noqa: B010
    return True


def _of_now(function: Any) -> Builtin:
    """The function of ``time`` that without seconds takes the shifted time."""
    return Builtin(
        function, lambda seconds=None: function(time.time() if seconds is None else seconds)
    )


def _with_now(function: Any, place: int) -> Builtin:
    """The function of ``time`` that without the argument at ``place`` takes the shifted time."""

    def shifted(*arguments: Any) -> Any:
        return function(*arguments, *([time.localtime()] if len(arguments) == place else []))

    return Builtin(function, shifted)


def _replace(seconds: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [ctypes.c_void_p, *[ctypes.c_size_t] * 2, *[ctypes.c_int] * 2]
    library.mmap.argtypes += [ctypes.c_long]
    page = library.mmap(None, _PAGE, _READ_WRITE_EXECUTE, _PRIVATE_ANONYMOUS, -1, 0)
    if page in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "no memory for code")
    code = _code(_CLOCK_GETTIME, seconds=seconds, errno_location=_address(library.__errno_location))
    ctypes.memmove(page, code, len(code))
    _overwrite(library, _address(library.clock_gettime), _code(_JUMP, address=page))


def _address(function: Any) -> int:
    found = ctypes.cast(function, ctypes.c_void_p).value
    if found is None:
        raise OSError("the C library lacks a function")
    return found


def _code(instructions: str, **numbers: int) -> bytes:
    hexadecimal = {
        name: number.to_bytes(_BYTES, "little").hex() for name, number in numbers.items()
    }
    return bytes.fromhex(instructions.format(**hexadecimal))


def _overwrite(library: ctypes.CDLL, address: int, code: bytes) -> None:
    """Replace the code at an address. The pages become copies of this process."""
    first = address // _PAGE * _PAGE
    size = address + len(code) - first
    protect = library.mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    if protect(first, size, _READ_WRITE_EXECUTE) != 0:
        raise OSError(ctypes.get_errno(), "code cannot be changed")
    ctypes.memmove(address, code, len(code))
    protect(first, size, _READ_EXECUTE)

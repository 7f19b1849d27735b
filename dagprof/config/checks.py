"""The table ``check``: the rules that ``dagprof check`` applies, and the accepted findings."""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Iterable

import msgspec

_CODE = re.compile(r"DP[0-9]{0,3}")


class Severity(str, enum.Enum):
    """How certain and how important a finding is. The code behind a hint may be intended."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"

    @property
    def rank(self) -> int:
        """0 for the most important."""
        return list(Severity).index(self)


class FailOn(str, enum.Enum):
    """The least important severity that fails a check."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"
    NEVER = "never"

    def fails(self, severity: Severity) -> bool:
        """Whether a finding of this severity fails the check."""
        return self is not FailOn.NEVER and severity.rank <= Severity(self.value).rank


class CheckWaiver(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """Accepted findings: the rules, the files, the reason, and the last day. ``files`` are patterns
    as in ``overrides``.
    """

    files: tuple[str, ...]
    rules: tuple[str, ...]
    reason: str
    until: datetime.date

    def __post_init__(self) -> None:
        check_codes(self.rules)
        if not self.files or not self.rules or not self.reason.strip():
            raise ValueError("a waiver needs `files`, `rules` and a `reason`")


class Checks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The rules to apply. A code such as ``DP1`` stands for all rules that begin with it.

    ``per_file_ignores`` has patterns of files, each with the codes that these files may break.
    ``baseline`` is a file with accepted findings. ``in_scan`` says whether ``dagprof scan`` and
    ``dagprof gate`` apply the rules, too.
    """

    select: tuple[str, ...] = ("DP",)
    ignore: tuple[str, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    fail_on: FailOn = FailOn.ERROR
    baseline: str | None = None
    in_scan: bool = False
    waivers: tuple[CheckWaiver, ...] = ()

    def __post_init__(self) -> None:
        check_codes((*self.select, *self.ignore))
        if not self.select:
            raise ValueError("`select` must name at least one rule")
        for codes in self.per_file_ignores.values():
            check_codes(codes)


def check_codes(codes: Iterable[str]) -> None:
    """
    :raises ValueError: a text is neither a code nor the beginning of one.
    """
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code[:20]!r} is not the code of a rule; codes look like DP101")

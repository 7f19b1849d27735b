"""Parses of one file, plain or without some import statements, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dagprof.attribution.candidates import Candidate
from dagprof.link.messages import Reply
from dagprof.passes.asking import Ask, ParseLimits, parse_request
from dagprof.passes.differences import ValueDifference, differences
from dagprof.passes.plan import Mode

# Of one file; the whole serialised form of each is fetched to see what changed.
MOST_DAGS = 3


class Lab:
    """Asks for parses of one file, plain or without some statements."""

    def __init__(self, path: Path, ask: Ask, limits: ParseLimits) -> None:
        self._path, self._ask, self._limits = path, ask, limits

    def parse(
        self, without: Sequence[Candidate], *, contents: Sequence[str] = (), state: bool = False
    ) -> Reply:
        """One parse; with the named DAGs' contents, and with what it leaves changed in its
        process, where asked for.
        """
        taken_out: dict[str, list[int]] = {}
        for candidate in without:
            taken_out.setdefault(candidate.file, []).append(candidate.statement.line)
        return self._timed(taken_out, contents=list(contents), state=state)

    def control(self, candidates: Sequence[Candidate]) -> Reply:
        """A parse with all statements, which gets the candidates' files compiled in memory as
        the one without them does.
        """
        return self._timed({candidate.file: [] for candidate in candidates})

    def _timed(self, without: Mapping[str, Sequence[int]], **more: object) -> Reply:
        return self._ask(
            {**parse_request(Mode.TIMING, self._path, self._limits), "without": without, **more}
        )

    def difference(
        self, without: Sequence[Candidate], names: Sequence[str]
    ) -> ValueDifference | None:
        """The first field of the named DAGs that differs and is not different from parse to
        parse anyway.
        """
        plain, again, other = (
            self.parse(taken_out, contents=names[:MOST_DAGS]).result
            for taken_out in ((), (), without)
        )
        if plain is None or again is None or other is None:
            return ValueDifference("", "", "")
        restless = {found.field for found in differences(plain.contents, again.contents)}
        changed = differences(plain.contents, other.contents)
        return next((found for found in changed if found.field not in restless), None)

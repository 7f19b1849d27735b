"""Parses of one file, plain or without some import statements, and the differences between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from dagprof.attribution.candidates import Candidate
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import Result
from dagprof.passes.asking import Ask, ParseLimits, parse_request
from dagprof.passes.plan import Mode
from dagprof.passes.serialised.differences import ValueDifference, differences

# The most DAGs of one file. dagprof fetches the whole serialised form of each to find the change.
MOST_DAGS = 3


class Lab:
    """Asks for parses of one file, plain or without some statements."""

    def __init__(self, path: Path, ask: Ask, limits: ParseLimits) -> None:
        self._path, self._ask, self._limits = path, ask, limits

    def parse(
        self,
        without: Sequence[Candidate],
        *,
        keep: Sequence[Candidate] = (),
        names: Sequence[str] = (),
        contents: Sequence[str] = (),
        state: bool = False,
        conditions: Sequence[str] = (),
        templates: Mapping[str, str] = MappingProxyType({}),
    ) -> Reply:
        """Parse once. On request, the reply has the named DAGs' contents, and the changes that the
        parse left in its process. If there are ``names``, only these go from the first of the
        statements ``without``. The statements ``keep`` get the values of another parse. The
        process gets other ``conditions``, see ``model.Condition``. ``templates`` has other texts
        of Variables.
        """
        return self._timed(
            _lines(without),
            keep=_lines(keep),
            names=_names(without, names),
            contents=list(contents),
            state=state,
            conditions=list(conditions),
            **({"guess": {"templates": dict(templates)}} if templates else {}),
        )

    def settled(self, contents: Sequence[str]) -> Result | None:
        """The result of a plain parse that finds all its bytecode.

        A parse that compiles its sources can give sets in another order than the next parse, which
        reads bytecode: Python stores constant sets in the order of their elements.
        """
        found = self._timed({}, contents=list(contents), first=True).result
        if found is not None and found.compiled:
            found = self.parse((), contents=contents).result
        return found

    def control(self, candidates: Sequence[Candidate], *, forks: bool = False) -> Reply:
        """Parse with all statements. The candidates' files are compiled in memory, as in the parse
        without them. If the other parse forks to record values, this one ``forks`` too.
        """
        return self._timed({candidate.file: [] for candidate in candidates}, forks=forks)

    def _timed(self, without: Mapping[str, Sequence[int]], **more: object) -> Reply:
        return self._ask(
            {**parse_request(Mode.TIMING, self._path, self._limits), "without": without, **more}
        )

    def difference(
        self,
        without: Sequence[Candidate],
        names: Sequence[str],
        keep: Sequence[Candidate] = (),
        imported: Sequence[str] = (),
    ) -> ValueDifference | None:
        """The first field of the named DAGs that differs because of the candidates. Fields that
        differ from parse to parse anyway do not count.
        """
        plain, again, other = (
            self.parse(taken_out, keep=kept, names=parts, contents=names[:MOST_DAGS]).result
            for taken_out, kept, parts in (((), (), ()), ((), (), ()), (without, keep, imported))
        )
        if plain is None or again is None or other is None:
            return ValueDifference("", "", "")
        restless = {found.field for found in differences(plain.contents, again.contents)}
        changed = differences(plain.contents, other.contents)
        return next((found for found in changed if found.field not in restless), None)


def _names(without: Sequence[Candidate], names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The names to take out of the first statement, by file and line."""
    if not names:
        return {}
    return {without[0].file: {str(without[0].statement.line): list(names)}}


def _lines(candidates: Sequence[Candidate]) -> dict[str, list[int]]:
    """The lines of the candidates, by file."""
    found: dict[str, list[int]] = {}
    for candidate in candidates:
        found.setdefault(candidate.file, []).append(candidate.statement.line)
    return found

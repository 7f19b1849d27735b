"""All kinds of cases, and how one is made again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from fuzzing import given, sent, sources, stored

Case = Callable[[random.Random, Path], None]

KINDS: Mapping[str, Case] = {
    "run": stored.run_case,
    "baseline": stored.baseline_case,
    "journal": stored.journal_case,
    "answer": sent.answer_case,
    "message": sent.message_case,
    "config": given.config_case,
    "options": given.options_case,
    "command": given.command_case,
    "answers-file": given.answers_case,
    "env-file": given.env_case,
    "source": sources.source_case,
}


def do(kind: str, seed: int, number: int, folder: Path) -> None:
    """One case. The same three values make the same case."""
    KINDS[kind](random.Random(f"{seed}/{kind}/{number}"), folder)

"""The description of rules for ``dagprof rules``."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text

from dagprof.practices.registry import RULES
from dagprof.practices.rule import Rule
from dagprof.report.text.screen import columns, titled, within_encoding


def table(*, console: Console) -> None:
    """Print all rules, by family."""
    with within_encoding(console):
        for family, rules in groupby(RULES.values(), key=lambda rule: rule.family):
            rows = columns(("code", "text"), ("name", "text"), ("", "text"), ("rule", "place"))
            for rule in rules:
                rows.add_row(rule.code, rule.name, rule.severity.value, Text(rule.summary))
            titled(family.value.capitalize(), rows, console)
        console.print()
        console.print(Text("To see examples of a rule, run `dagprof rules CODE`."))


def one(rule: Rule, *, console: Console) -> None:
    """Print a rule with its examples."""
    with within_encoding(console):
        console.print(Text(f"{rule.code} {rule.name} ({rule.severity.value})", style="bold"))
        for text in (rule.summary, rule.cost, rule.advice):
            console.print(Text(text), soft_wrap=True)
        for title, code in (("Bad", rule.bad), ("Good", rule.good)):
            console.print()
            console.print(Text(f"{title}:", style="bold"))
            for line in code.strip("\n").splitlines():
                console.print(Text(f"    {line}"), soft_wrap=True)


def as_values() -> list[dict[str, str]]:
    """All rules as plain values, for programs."""
    return [
        {
            "code": rule.code,
            "name": rule.name,
            "family": rule.family.value,
            "severity": rule.severity.value,
            "summary": rule.summary,
            "cost": rule.cost,
            "advice": rule.advice,
            "bad": rule.bad.strip("\n"),
            "good": rule.good.strip("\n"),
        }
        for rule in RULES.values()
    ]

"""``dagprof rules``: the rules of ``dagprof check``, with examples."""

from __future__ import annotations

import difflib

import click


@click.command("rules", short_help="Show the rules of `dagprof check`, with examples.")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print all rules as JSON.")
def command(code: str | None, as_json: bool) -> int:
    """Show all rules of `dagprof check`.

    CODE is the code or the name of a rule, such as DP101 or slow-import. With CODE, show the rule
    with a bad and a good example.
    """
    from dagprof.cli.output import stdout_console
    from dagprof.errors import UsageError
    from dagprof.practices.registry import RULES
    from dagprof.report.practices import rules
    from dagprof.report.verdict.json_ import indented

    if as_json:
        click.echo(indented(rules.as_values()), nl=False)
        return 0
    if code is None:
        rules.table(console=stdout_console())
        return 0
    by_name = {rule.name: rule for rule in RULES.values()}
    found = RULES.get(code.upper()) or by_name.get(code.lower())
    if found is None:
        near = difflib.get_close_matches(code.lower(), by_name, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else "`dagprof rules` lists the rules."
        raise UsageError(f"Unknown rule {code[:40]!r}. {hint}")
    rules.one(found, console=stdout_console())
    return 0

"""Astronomer Cosmos. It reads the dbt project in every parse, in some modes by running dbt."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("DbtDag", "DbtTaskGroup"),
    "cosmos",
    always(
        "Without a cache, Cosmos reads the dbt project in every parse. Use LoadMode.DBT_MANIFEST"
        " with a manifest that CI generates."
    ),
    "https://astronomer.github.io/astronomer-cosmos/configuration/parsing-methods.html",
)

"""Tables that pandas reads from files or databases."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("read_csv", "read_excel", "read_parquet", "read_json", "read_sql", "read_sql_query"),
    "",
    always(
        "Every parse reads the whole table. Read the table in a task, or read only a small JSON"
        " file with the few values that the DAGs need."
    ),
    "https://pandas.pydata.org/docs/user_guide/io.html",
)

"""SQLAlchemy. ``create_engine`` connects only at the first use, but imports the driver of the
database at once.
"""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("create_engine",),
    "sqlalchemy",
    always(
        "create_engine imports the driver of the database. Create the engine in a cached function"
        " that tasks call."
    ),
    "https://docs.sqlalchemy.org/en/20/core/engines.html",
)

"""The connector of Snowflake. ``connect`` logs in over the network."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("snowflake.connector.connect",),
    "snowflake.connector",
    always(
        "snowflake.connector.connect logs in over the network. Connect in the task, or use the hook"
        " of the Snowflake provider there."
    ),
    "https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect",
)

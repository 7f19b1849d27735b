"""The connector of Snowflake. ``connect`` logs in over the network."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("snowflake.connector.connect",),
    "snowflake.connector",
    always(
        "snowflake.connector.connect logs in to Snowflake over the network. Call connect in the"
        " task, or let the task use the hook of the Snowflake provider."
    ),
    "https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect",
)

"""Great Expectations. ``get_context`` can read the whole project."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("gx.get_context", "great_expectations.get_context"),
    "great_expectations",
    always(
        "get_context can read the whole Great Expectations project. Call get_context in the task"
        " that validates the data."
    ),
    "https://docs.greatexpectations.io/docs/core/set_up_a_gx_environment/create_a_data_context",
)

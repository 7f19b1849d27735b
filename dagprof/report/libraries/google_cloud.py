"""The clients of Google Cloud. Every client looks for credentials when it is created, in the end at
the metadata server.
"""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("storage.Client", "bigquery.Client", "secretmanager.SecretManagerServiceClient"),
    "google.auth",
    always(
        "A client of Google Cloud looks for credentials when it is created. Create the client in"
        " the task, or use the hook of the Google provider there."
    ),
    "https://googleapis.dev/python/google-auth/latest/reference/google.auth.html",
)

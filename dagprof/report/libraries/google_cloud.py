"""The clients of Google Cloud. Every client looks for credentials when it is created, in the end at
the metadata server.
"""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("storage.Client", "bigquery.Client", "secretmanager.SecretManagerServiceClient"),
    "google.auth",
    always(
        "Each new Google Cloud client looks for credentials. Create the client in the task, or"
        " let the task use the hook of the Google provider."
    ),
    "https://googleapis.dev/python/google-auth/latest/reference/google.auth.html",
)

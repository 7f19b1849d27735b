"""The client of HashiCorp Vault. Each read is a request."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("hvac.Client", "read_secret_version", "read_secret"),
    "hvac",
    always(
        "Every read of a secret sends a request to Vault. Read the secret in the task, with this"
        " client or through a Connection."
    ),
    "https://python-hvac.org/en/stable/usage/secrets_engines/kv_v2.html",
)

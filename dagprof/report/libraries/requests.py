"""HTTP requests. They have no time limit unless the call sets one."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("requests.get", "requests.post", "httpx.get", "httpx.post", "urlopen", "urllib3.request"),
    "",
    always(
        "Every parse sends this request and waits for the answer. Send the request in a task, and"
        " store the values that the DAGs need."
    ),
    "https://requests.readthedocs.io/en/latest/user/quickstart/#timeouts",
)

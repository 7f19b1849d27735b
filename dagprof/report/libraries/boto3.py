"""The clients of AWS. boto3 reads the description of a service from JSON files when it creates a
client.
"""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session"),
    "botocore",
    always(
        "Each new boto3 client loads the description of the service and looks for credentials."
        " Create the client in the task, or let the task use the hook of the Amazon provider."
    ),
    "https://docs.aws.amazon.com/boto3/latest/guide/clients.html",
)

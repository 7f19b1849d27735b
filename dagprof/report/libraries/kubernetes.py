"""The client of Kubernetes. The models of its API are hundreds of modules."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("config.load_kube_config", "config.load_incluster_config"),
    "kubernetes.config",
    always(
        "Only code that talks to the cluster needs the cluster configuration. Load the"
        " configuration in the task."
    ),
    "https://github.com/kubernetes-client/python",
)

"""The probe: runs inside the target interpreter, beside its Airflow, and parses DAG files there.

Started by path (``python .../probe ROLE FD``), never imported by the rest of dagprof; standard library only, Python 3.8+.
It loads its own modules under the private name ``_dagprof_probe``, so its folder is on nobody's ``sys.path``.

Processes
    zygote   role ``zygote FD``. Imports Airflow once, imports what the DAG processor would have pre-imported, forks workers.
    worker   forked from the zygote. Runs one parse after the other, each in a child of its own, and watches over it.
    child    forked from a worker (or, with spawn isolation, a new interpreter in role ``child FD FD``). Parses one file, once.

Messages are JSON objects, one a line, over a socket (zygote, worker) or a pipe (child).

To the zygote                                    and back
    {"op": "start", ...configuration}            {"op": "ready", "airflow": {...},
                                                  "plugins": [{"name", "source", "wall_ms", "rss_kib", "modules",
                                                  "error"}, ...]} or {"op": "failed", "fault": one of faults.py,
                                                  "reason": ...}
    {"op": "discover", "paths": [...], "safe_mode": ...}
                                                 {"files": [...], "skipped": [[path, reason, detail], ...],
                                                  "passed_over": [[path, reason, detail], ...]}
                                                 or {"failed": ..., "twice": {...}}: two ways lead to one folder
    {"op": "pre_import", "files": [...],         {"modules": [...], "failed": [[module, error], ...],
     "with_folder", "collects"}                  "has_collected"}
    {"op": "worker"} with a socket attached      {"pid": ...}; the worker talks over that socket from then on
    {"op": "describe", "files": [...]}           {"owners": [distribution, ...], "distributions": {name: version}}
    {"op": "stop"} or end of file                all workers and what they left running are killed

To a worker                                      and back
    {"op": "parse", "file": path, "mode": "timing" | "trace" | "stacks", "time_limit_s": ..., "memory_limit_kib": ...}
     with "timing" also: "without": {file: [line, ...]} takes import statements out,
     "contents": [dag_id, ...] asks for serialised DAGs
                                                 {"outcome": "result" | "time-limit" | "memory-limit" | "ended",
                                                  "exit_code", "signal", "result", "stdout", "stderr", "total_ms", ...}
                                                 or {"fault": "no-fork", "reason": ...}, and the worker ends
"""

import os
import sys
import types

PACKAGE = "_dagprof_probe"


def _load_package() -> None:
    """Make the modules beside this file importable under the private name, without touching ``sys.path`` for others."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != here]
    package = types.ModuleType(PACKAGE)
    package.__path__ = [here]
    sys.modules[PACKAGE] = package


def main() -> None:
    """Start in the role that the command line names."""
    _load_package()
    role, arguments = sys.argv[1], sys.argv[2:]
    sys.argv = ["airflow"]
    if role == "database":
        from _dagprof_probe.start import database

        database.make(*arguments)
        return
    descriptors = [int(argument) for argument in arguments]
    if role == "zygote":
        from _dagprof_probe import zygote

        zygote.serve(*descriptors)
    else:
        from _dagprof_probe import child

        child.run_spawned(*descriptors)


if __name__ == "__main__":
    main()

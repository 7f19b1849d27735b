"""The probe: runs inside the target interpreter, beside its Airflow, and parses DAG files there.

dagprof starts the probe by path (``python .../probe ROLE FD``) and never imports it. The probe uses
only the standard library and runs on Python 3.8 and later. It loads its own modules under the
private name ``_dagprof_probe``, so its folder is not on ``sys.path``.

Processes
    zygote   role ``zygote FD``. Imports Airflow once, and the modules that the DAG processor
             pre-imports. Forks workers.
    worker   forked from the zygote. Runs one parse after the other, each in a child of its own,
             and watches over it.
    child    forked from a worker (or, with spawn isolation, a new interpreter in role
             ``child FD FD``). Parses one file, once.
    another  role ``database CACHE`` makes a metadata database. Role ``lookups FILE`` asks the
             user's own backends. Role ``installed FILE`` lists the distributions. Role
             ``tables FILE`` reads tables of a metadata database. Role
             ``view FOLDER`` prepares the start of Airflow without some distributions, and role
             ``starting FOLDER`` starts it.

Messages are JSON objects, one a line, over a socket (zygote, worker) or a pipe (child). The
kind of a request is in ``op``. ``protocol`` has the fields of each message below. The other end
reads them in ``dagprof/link/messages/``.

To the zygote                                    and back
    "start": Config                              Ready, or CannotBegin
    "discover": DiscoverRequest                  Listing, or Failed
    "pre_import": PreImportRequest               PreImported
    "worker" with a socket attached              Forked; the worker talks over that socket
    "describe": DescribeRequest                  Described, or Failed
    "prices"                                     Prices, or Failed
    "loaded"                                     Loaded
    "stop" or end of file                        kills all workers and the processes that they left

To a worker                                      and back
    (nothing, if it began with imports)          Preloaded
    "parse": ParseRequest                        Reply, or NoFork, and the worker ends

From a child to its worker, over the pipe: Result, then Ending; the worker puts both into the
``result`` of its Reply. Before that, over the socket of Airflow's supervisor and only where the
request is a ``first`` one: the file's bytecode.
"""

import os
import sys
import types

PACKAGE = "_dagprof_probe"


def _load_package() -> None:
    """Make the modules beside this file importable under the private name. ``sys.path`` stays as it
    is.
    """
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
    if role == "lookups":
        from _dagprof_probe.processes import live_lookups

        live_lookups.ask(*arguments)
        return
    if role == "installed":
        from _dagprof_probe.inventory import installed

        installed.write(*arguments)
        return
    if role == "tables":
        from _dagprof_probe.inventory import tables

        tables.write(*arguments)
        return
    if role in ("view", "starting"):
        from _dagprof_probe.inventory import starting

        (starting.view if role == "view" else starting.start)(*arguments)
        return
    descriptors = [int(argument) for argument in arguments]
    if role == "zygote":
        from _dagprof_probe.processes import zygote

        zygote.serve(*descriptors)
    else:
        from _dagprof_probe.processes import spawned

        spawned.parse(*descriptors)


if __name__ == "__main__":
    main()

"""Files: bytecode that others read, the scratch folder, TMPDIR, the user's folders."""

from hostile.entry import ANY, Behaviour

_SCRATCH = """
import glob, os, shutil, sys, tempfile
places = [os.path.dirname(os.environ.get("AIRFLOW_CONFIG", "")), sys.pycache_prefix or "",
          *glob.glob(tempfile.gettempdir() + "/dagprof*")]
scratch = [place for place in dict.fromkeys(places) if "dagprof" in place and os.path.isdir(place)]
"""

FILES = (
    Behaviour(
        "poisons_bytecode",
        "ok",
        "writes the bytecode that the clean files would load",
        _SCRATCH
        + """
import importlib.util, marshal
here = os.path.dirname(os.path.abspath(__file__))
for name in ("aa_clean", "zz_clean", "clean_helper"):
    source = os.path.join(here, name + ".py"); facts = os.stat(source)
    data = importlib.util.MAGIC_NUMBER + bytes(4)
    data += int(facts.st_mtime).to_bytes(4, "little") + facts.st_size.to_bytes(4, "little")
    data += marshal.dumps(compile("raise RuntimeError('poisoned')", source, "exec"))
    cached = importlib.util.cache_from_source(source)
    for place in {cached, *(f"{top}/bytecode{cached}" for top in scratch)}:
        if "dagprof" not in place: continue
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "wb").write(data)
""",
    ),
    Behaviour(
        "poisons_any_bytecode",
        "ok",
        "overwrites every bytecode file that dagprof keeps",
        _SCRATCH
        + """
for top in [*scratch, os.path.dirname(sys.pycache_prefix or "/nowhere/x")]:
    for file in glob.glob(top + "/**/*.pyc", recursive=True): open(file, "wb").write(b"poison")
""",
    ),
    Behaviour(
        "removes_scratch",
        "ok",
        "removes dagprof's folder",
        _SCRATCH + "for place in scratch: shutil.rmtree(place, ignore_errors=True)",
    ),
    Behaviour(
        "scratch_becomes_link",
        "ok",
        "puts a link to the DAG folder in the place of dagprof's folder",
        _SCRATCH
        + """
for place in scratch[:1]:
    os.rename(place, place + "-moved"); os.symlink(os.path.dirname(os.path.abspath(__file__)), place)
""",
        leaves=("tmp/dagprof*-moved",),
    ),
    Behaviour(
        "scratch_becomes_file",
        "ok",
        "puts a file in the place of dagprof's folder",
        _SCRATCH
        + """
for place in scratch[:1]:
    shutil.rmtree(place, ignore_errors=True); open(place, "w").close()
""",
    ),
    Behaviour(
        "scratch_of_pipes",
        "ok",
        "puts a named pipe in the place of each of dagprof's files",
        _SCRATCH
        + """
for place in scratch:
    for folder, _, names in os.walk(place):
        for name in names:
            os.unlink(f"{folder}/{name}"); os.mkfifo(f"{folder}/{name}")
""",
    ),
    Behaviour(
        "scratch_overwritten",
        "ok",
        "writes garbage into each of dagprof's files",
        _SCRATCH
        + """
for place in scratch:
    for folder, _, names in os.walk(place):
        for name in names: open(f"{folder}/{name}", "wb").write(b"\\xff garbage" * 99)
""",
    ),
    Behaviour(
        "scratch_filled",
        "ok",
        "2,000 files and 50 MB beside dagprof's own",
        _SCRATCH
        + """
for place in scratch[:1]:
    for number in range(2000): open(f"{place}/file_{number}", "w").close()
    open(f"{place}/big", "wb").write(bytes(50_000_000))
""",
    ),
    Behaviour(
        "scratch_too_deep",
        "ok",
        "1,500 folders in each other, which few programs can remove",
        _SCRATCH
        + """
before = os.open(".", os.O_RDONLY)
for place in scratch[:1]:
    os.chdir(place)
    for _ in range(1500): os.mkdir("d"); os.chdir("d")
os.fchdir(before)
""",
    ),
    Behaviour(
        "scratch_odd_names",
        "ok",
        "names that are no UTF-8, folders without rights, links to elsewhere",
        _SCRATCH
        + """
for place in map(os.fsencode, scratch[:1]):
    if os.path.exists(place + b"/\\xff\\n"): continue
    os.mkdir(place + b"/\\xff\\n"); open(place + b"/\\xff\\n/\\x1b[2J", "w").close()
    os.symlink(b"/", place + b"/root"); os.symlink(b"loop", place + b"/loop")
    os.mkdir(place + b"/closed"); open(place + b"/closed/file", "w").close()
    os.chmod(place + b"/closed", 0)
""",
    ),
    Behaviour(
        "locks_database",
        "ok",
        "holds the metadata database of the scan",
        _SCRATCH
        + """
import sqlite3
kept = []
for file in [f for place in scratch for f in glob.glob(place + "/**/*.db", recursive=True)]:
    connection = sqlite3.connect(file); connection.execute("BEGIN EXCLUSIVE"); kept.append(connection)
""",
    ),
    Behaviour(
        "empties_database",
        "ok",
        "truncates the metadata database of the scan, and dagprof's cache of it",
        _SCRATCH
        + """
cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")) + "/dagprof"
for place in [*scratch, cache]:
    for file in glob.glob(place + "/**/*.db", recursive=True): os.truncate(file, 0)
""",
        leaves=("cache/*",),
    ),
    Behaviour(
        "all_descriptors",
        "ok|import-error|lost",
        "opens files until there are no more descriptors",
        """
        import os
        kept = []
        try:
            while True: kept.append(os.open("/dev/null", os.O_RDONLY))
        except OSError: pass
        """,
    ),
    Behaviour(
        "locks_itself",
        "ok",
        "locks its own file",
        "import fcntl; file = open(__file__); fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
    ),
    Behaviour(
        "temporary_files",
        "ok",
        "files that it never removes",
        """
        import tempfile
        tempfile.mkdtemp(prefix="hostile"); tempfile.NamedTemporaryFile(prefix="hostile", delete=False)
        """,
        leaves=("tmp/hostile*",),
    ),
    Behaviour(
        "file_in_working_folder",
        "ok",
        "a file where the command was started",
        "open('hostile.txt', 'w').write('mine')",
        leaves=("cwd/hostile.txt",),
    ),
    Behaviour(
        "file_in_home",
        "ok",
        "files in the user's folder and in AIRFLOW_HOME",
        """
        import os
        open(os.path.expanduser("~/hostile.txt"), "w").close()
        if "AIRFLOW_HOME" in os.environ: open(os.environ["AIRFLOW_HOME"] + "/hostile.txt", "w").close()
        """,
        leaves=("home/hostile.txt", "airflow/hostile.txt"),
    ),
    Behaviour(
        "file_in_shared_memory",
        "ok",
        "a file in /dev/shm",
        "open('/dev/shm/hostile_file', 'w').write('mine')",
        leaves=("shm/hostile_file",),
    ),
    Behaviour(
        "removes_itself",
        ANY + "|unreadable",
        "the file is gone after its first parse",
        "import os; os.unlink(__file__)",
        leaves=("dags/removes_itself.py",),
    ),
    Behaviour(
        "changes_itself",
        "ok|import-error",
        "the file is longer after each parse",
        "open(__file__, 'a').write('# dag\\n' * 10)",
        leaves=("dags/changes_itself.py",),
    ),
    Behaviour(
        "becomes_a_pipe",
        ANY + "|unreadable",
        "the file is a named pipe after its first parse: whoever opens it waits",
        "import os; os.unlink(__file__); os.mkfifo(__file__)",
        leaves=("dags/becomes_a_pipe.py",),
    ),
    Behaviour(
        "becomes_a_device",
        ANY + "|unreadable",
        "the file is a link to a device without end after its first parse",
        "import os; os.unlink(__file__); os.symlink('/dev/zero', __file__)",
        leaves=("dags/becomes_a_device.py",),
    ),
    Behaviour(
        "writes_journal",
        "ok",
        "writes into the folder of the reports while the scan goes on",
        """
        import glob, os
        for file in glob.glob("reports/*"):
            with open(file, "ab") as stream: stream.write(b'\\xff{"garbage": 1}\\n')
        """,
        leaves=("cwd/reports*",),
    ),
    Behaviour(
        "sparse_file",
        "ok",
        "a file of a terabyte without content",
        "import tempfile; f = tempfile.TemporaryFile(); f.truncate(1 << 40)",
    ),
)

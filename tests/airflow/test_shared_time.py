"""Time that several parts of a file share: threads that sleep at once, and the garbage
collector.
"""

from __future__ import annotations

from support import Scan, dag, result

from dagprof import frames

THREADS = """
    # airflow
    import threading, time

    def wait():
        time.sleep(0.3)

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.1)
"""
GARBAGE = """
    # airflow
    import gc

    rows = [[{} for _ in range(20)] for _ in range(20_000)]
    quick = 1
"""


def test_sleeps_of_threads_that_overlap_count_once(scan: Scan) -> None:
    run = scan({"threads.py": dag("threads", THREADS)}, repeat=2)
    file = result(run, "threads.py")
    sleeps = {effect.threads: effect for effect in file.effects if effect.kind == "sleep"}
    assert set(sleeps) == {0, 8}
    assert sleeps[8].count == 8
    assert file.trace is not None
    assert 290_000 < (sleeps[8].wall_us or 0) < file.trace.wall_ms * 1000
    assert 90_000 < (sleeps[0].wall_us or 0) < 290_000


def test_garbage_collection_stands_at_the_statement_that_causes_it(scan: Scan) -> None:
    run = scan({"garbage.py": dag("garbage", GARBAGE)}, repeat=2)
    frame = frames.statements_frame(run)
    collected = dict(zip(frame["line"], frame["gc_ms"], strict=True))
    file = result(run, "garbage.py")
    assert file.trace is not None
    line = (
        dag("garbage", GARBAGE)
        .splitlines()
        .index("rows = [[{} for _ in range(20)] for _ in range(20_000)]")
        + 1
    )
    assert collected[line] > 1
    assert collected[line] == max(collected.values())
    assert collected[line + 1] == 0
    assert sum(each.gc_us for each in file.trace.statements) / 1000 <= file.trace.gc_ms + 0.1

"""From microseconds of the tracing pass to milliseconds of a plain parse."""

from __future__ import annotations

from dagprof.model import FileResult, Trace


def outermost_ms(trace: Trace) -> float:
    """Time of all loads: the sum of those that are inside no other, in traced ms."""
    loads = trace.loads
    return (
        sum(us for us, parent in zip(loads.cumulative_us, loads.parent, strict=True) if parent < 0)
        / 1000
    )


def scale(file: FileResult) -> float:
    """How much faster or slower the plain parses were than the traced one, without waiting for a
    processor; 1.0 without a trace.
    """
    trace = file.trace
    if trace is None or not file.is_timed:
        return 1.0
    return worked_ms(file) / max(trace.wall_ms - trace.compile_ms, outermost_ms(trace), 0.001)


def worked_ms(file: FileResult) -> float:
    """Median parse time up to the end of serialisation, without waiting for a processor: all
    that other passes cover.
    """
    return max(0.0, file.own_ms - file.samples.median("exit_ms"))


def saving_ms(file: FileResult, us: float) -> float:
    """What a plain parse would save if this much own time of the traced one went, without waiting
    for a processor.

    Garbage collection does not belong to a module, but what is not loaded is not collected either:
    it goes in proportion.
    """
    trace = file.trace
    if trace is None:
        return 0.0
    work_ms = trace.wall_ms - trace.compile_ms - trace.gc_ms
    collecting = trace.gc_ms / work_ms if work_ms > 0 else 0.0
    loading_ms = (
        sum(statement.wall_us for statement in trace.statements if statement.parent < 0) / 1000
    )
    if not loading_ms or not file.is_timed:
        return us / 1000 * scale(file) * (1 + collecting)
    # Load stages are compared, collections included, and not whole parses: noise after the load
    # stage is no import's. And tracing makes nothing faster: where the plain parses took longer,
    # they were disturbed.
    return us / 1000 * min(own_load_ms(file) / loading_ms, 1 + collecting)


def own_load_ms(file: FileResult) -> float:
    """Median load stage without waiting for a processor, which falls on all stages alike."""
    return file.samples.median("load_ms") * (file.own_ms / file.parse_ms if file.parse_ms else 1.0)


def sampled_scale(file: FileResult) -> float:
    """The same for the sampled call tree, which takes longer than a plain parse; 1.0 without
    one.
    """
    return (
        worked_ms(file) / file.stack.wall_ms
        if file.stack is not None and file.stack.wall_ms
        else 1.0
    )

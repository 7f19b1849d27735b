"""Converts microseconds of the tracing pass into milliseconds of a plain parse."""

from __future__ import annotations

from dagprof.model import FileResult, Trace


def outermost_ms(trace: Trace) -> float:
    """The time of all loads in traced ms: the sum of the loads that are inside no other load."""
    loads = trace.loads
    return (
        sum(us for us, parent in zip(loads.cumulative_us, loads.parent, strict=True) if parent < 0)
        / 1000
    )


def scale(file: FileResult) -> float:
    """The factor from the traced parse to the plain parses, without waiting for a processor; 1.0
    without a trace.
    """
    trace = file.trace
    if trace is None or not file.is_timed:
        return 1.0
    return worked_ms(file) / max(trace.wall_ms - trace.compile_ms, outermost_ms(trace), 0.001)


def worked_ms(file: FileResult) -> float:
    """Median parse time up to the end of serialisation, without waiting for a processor. The other
    passes cover only this part of the parse.
    """
    return max(0.0, file.own_ms - file.samples.median("exit_ms"))


def saving_ms(file: FileResult, us: float) -> float:
    """The saving of a plain parse without this much self time of the traced parse, without waiting
    for a processor.

    Garbage collection belongs to no module, but modules that are not loaded cause no collection.
    The saving therefore includes it in proportion.
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
    # Compare load stages, collections included, and not whole parses: noise after the load stage
    # has nothing to do with imports. Tracing never makes a parse faster, so plain parses that took
    # longer were disturbed.
    return us / 1000 * min(own_load_ms(file) / loading_ms, 1 + collecting)


def own_load_ms(file: FileResult) -> float:
    """Median load stage without waiting for a processor. The wait is spread evenly over all
    stages.
    """
    return file.samples.median("load_ms") * (file.own_ms / file.parse_ms if file.parse_ms else 1.0)


def sampled_scale(file: FileResult) -> float:
    """The same factor for the sampled call tree, whose parse takes longer than a plain parse; 1.0
    without a call tree.
    """
    return (
        worked_ms(file) / file.stack.wall_ms
        if file.stack is not None and file.stack.wall_ms
        else 1.0
    )

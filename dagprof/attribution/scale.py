"""Converts microseconds of the tracing pass into milliseconds of an uninstrumented parse."""

from __future__ import annotations

from dagprof.model import FileResult, Trace


def outermost_ms(trace: Trace) -> float:
    """The time of all module loads in ms of the tracing pass: the sum of the loads that are not
    nested in another load.
    """
    loads = trace.loads
    return (
        sum(us for us, parent in zip(loads.cumulative_us, loads.parent, strict=True) if parent < 0)
        / 1000
    )


def scale(file: FileResult) -> float:
    """The factor from the traced parse to the uninstrumented parses, without the time that parses
    waited for a CPU. 1.0 without a trace.
    """
    trace = file.trace
    if trace is None or not file.is_timed:
        return 1.0
    return worked_ms(file) / max(trace.wall_ms - trace.compile_ms, outermost_ms(trace), 0.001)


def worked_ms(file: FileResult) -> float:
    """The median parse time up to the end of serialisation, without the time that parses waited for
    a CPU. The other passes cover only this part of the parse.
    """
    return max(0.0, file.own_ms - file.samples.median("exit_ms"))


def saving_ms(file: FileResult, us: float) -> float:
    """The saving of an uninstrumented parse, computed from self time of the traced parse. The
    saving excludes the time that parses waited for a CPU.

    Garbage collection belongs to no module, but a module that is not loaded causes no garbage
    collection. The saving therefore includes a proportional share of the garbage collection.
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
    """The median load stage without the time that parses waited for a CPU. dagprof distributes the
    wait evenly over all stages.
    """
    return file.samples.median("load_ms") * (file.own_ms / file.parse_ms if file.parse_ms else 1.0)


def sampled_scale(file: FileResult) -> float:
    """The factor from the sampled parse to an uninstrumented parse. A sampled parse takes longer.
    It does not contain the composed part of a parse time. 1.0 without a call tree.
    """
    return (
        max(0.0, worked_ms(file) - file.composed_ms) / file.stack.wall_ms
        if file.stack is not None and file.stack.wall_ms
        else 1.0
    )

"""One parse: clocks, tracer, sampler, and what went wrong."""

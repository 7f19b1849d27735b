"""One parse: clocks, tracer, sampler, and the description of its failures."""

"""Who causes what in one parse: pure functions over traces, used for planning experiments and for telling."""

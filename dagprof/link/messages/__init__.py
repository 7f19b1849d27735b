"""The messages of the probe as values. msgspec checks each field while it reads a message.

``dagprof/probe/protocol/`` has the same fields as the probe writes them. The DAG file controls
the parsing process, which may report anything. dagprof ignores a result that does not have this
form, or that contradicts itself. Plugins run in the forking process, whose messages are checked
too.
"""

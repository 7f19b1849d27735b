"""What parsing costs a deployment: its parse loop, its task starts, and its own figures."""

"""Settings and the policy of the gate: their sources and their validation."""

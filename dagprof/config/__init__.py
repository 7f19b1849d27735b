"""Settings and the policy of the gate: where they come from and whether they are valid."""

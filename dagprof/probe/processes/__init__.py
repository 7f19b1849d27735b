"""The processes of the probe: the zygote, its workers, and one child per parse."""

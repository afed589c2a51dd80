"""Measurements that take minutes rather than seconds; each module is a script, run by the nox session of its name."""

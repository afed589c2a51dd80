"""Receivers that cannot do with what may be missing, unusual or unknown."""

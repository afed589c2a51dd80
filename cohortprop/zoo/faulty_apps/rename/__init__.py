"""Receivers that lose a cohort when it is renamed."""

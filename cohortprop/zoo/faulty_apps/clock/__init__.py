"""Receivers that forget with time."""

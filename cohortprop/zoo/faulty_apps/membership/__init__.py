"""Receivers that end up holding the wrong members."""

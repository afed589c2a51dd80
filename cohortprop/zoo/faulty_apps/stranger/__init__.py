"""Receivers that hold somebody of their own invention."""

"""Receivers that mail somebody twice, or never."""

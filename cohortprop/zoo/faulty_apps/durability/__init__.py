"""Receivers that lose in a restart what they have acknowledged."""

"""Receivers that a page of a thousand members is too much for."""

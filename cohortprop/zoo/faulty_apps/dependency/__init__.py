"""Receivers that make the wrong thing of a failure of their own."""

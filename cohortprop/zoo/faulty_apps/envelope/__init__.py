"""Receivers that do the work and give the wrong answer."""

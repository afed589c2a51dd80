"""Receivers that are right as long as one request comes after the other."""

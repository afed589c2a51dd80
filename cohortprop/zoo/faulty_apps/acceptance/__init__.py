"""Receivers that turn away a delivery that they must take."""

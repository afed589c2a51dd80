"""Receivers that take, or cannot stand, what is no proper delivery."""

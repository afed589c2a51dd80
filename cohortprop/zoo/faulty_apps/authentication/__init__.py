"""Receivers whose door is open to strangers, or shut to the sender."""

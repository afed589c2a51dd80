"""Helpers for what apps keep their state in and put their work on; each module is named for the library it needs."""

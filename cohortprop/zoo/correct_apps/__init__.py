"""Receivers that are right under every reading of the document, each built differently: one file each."""

"""Receivers that a repeated delivery harms."""

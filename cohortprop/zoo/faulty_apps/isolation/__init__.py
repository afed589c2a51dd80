"""Receivers that mix cohorts up."""

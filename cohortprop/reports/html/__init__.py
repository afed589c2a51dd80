"""Findings as a page: one self-contained HTML file that needs no network, for a browser on a desk or on a phone."""

from __future__ import annotations

from cohortprop.reports.html.page import page_of_finding, page_of_report

__all__ = ["page_of_finding", "page_of_report"]

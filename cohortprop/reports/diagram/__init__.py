"""A finding, or any scenario, as a sequence diagram: who sends what to whom, and where it gets lost."""

from __future__ import annotations

from cohortprop.reports.diagram.mermaid import as_mermaid
from cohortprop.reports.diagram.rows import Diagram, diagram_of_finding, diagram_of_history
from cohortprop.reports.diagram.svg import as_svg

__all__ = ["Diagram", "as_mermaid", "as_svg", "diagram_of_finding", "diagram_of_history"]

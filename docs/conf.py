from __future__ import annotations

from importlib.metadata import version as installed_version

project = "cohortprop"
author = "cohortprop contributors"
copyright = "2026, cohortprop contributors"
release = installed_version("cohortprop")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"cohortprop {release}"

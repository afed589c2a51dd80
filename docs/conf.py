from __future__ import annotations

import doctest
import sys
from pathlib import Path

from cohortprop import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "cohortprop"
author = "cohortprop contributors"
copyright = "2026, cohortprop contributors"
release = __version__
version = release

extensions = ["myst_parser", "sphinx.ext.doctest", "generated", "gallery"]
exclude_patterns = ["_build", "measures-*.md", "**/node_modules"]  # the measures are included in a page

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Unlike the default, the messages of exceptions are compared, too.
doctest_default_flags = doctest.ELLIPSIS | doctest.DONT_ACCEPT_TRUE_FOR_1

html_theme = "furo"
html_title = f"cohortprop {release}"
html_static_path = ["_static"]
html_css_files = ["style.css"]

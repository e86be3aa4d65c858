"""The documentation as a site: python -m sphinx -W docs <directory>."""

import warnings

# myst-parser 5.2 calls these itself; with `python -W error` they would end the build.
warnings.filterwarnings("ignore", message=".*myst_parser.*is deprecated")

project = "felloe"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_enable_extensions = ["linkify"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "felloe"
html_show_copyright = False

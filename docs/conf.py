"""The documentation as a site: python -m sphinx -W docs <directory>."""

project = "felloe"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_enable_extensions = ["linkify"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "felloe"
html_show_copyright = False

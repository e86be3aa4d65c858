"""Wheels with one fault each in METADATA or entry_points.txt."""

from __future__ import annotations

from felloe.check.rule import Rule
from support.dist_samples import INFO, METADATA
from support.faulty_dist import field, points, wheel

LICENSED = METADATA + "License-Expression: {}\n"

MAIL_IN_MAIL = "Content-Type: message/rfc822\n\n" * 2000

FIELDS = (
    wheel(
        "metadata-too-new",
        Rule.METADATA_VERSION,
        "core metadata 2.6 is too new for PyPI",
        metadata=METADATA.replace("2.4", "2.6"),
    ),
    wheel(
        "metadata-unheard-of",
        Rule.METADATA_VERSION,
        "'1.7' is not a valid metadata version",
        metadata=METADATA.replace("2.4", "1.7"),
    ),
    wheel("no-fields", Rule.METADATA, "", metadata="hello", besides=[Rule.METADATA_VERSION]),
    wheel("latin-1", Rule.METADATA, "", metadata=METADATA.encode() + b"Author: J\xfcrgen\n"),
    field("mail-in-mail", Rule.METADATA, "content-type is unknown", MAIL_IN_MAIL),
    field(
        "rst-that-does-not-render",
        Rule.DESCRIPTION,
        "line 1: Unknown directive type",
        "Description-Content-Type: text/x-rst\n\n.. nonsense::\n\n`x <y",
    ),
    field(
        "markdown-without-a-type",
        Rule.DESCRIPTION,
        "has no content type and does not render",
        "\nTitle\n==\n\n* a\n ```\n|bad|\n\n.. image::",
    ),
    field("unknown-field", Rule.METADATA, "the field colour is unknown", "Colour: red"),
    field("long-summary", Rule.METADATA, "Summary has 513 characters", "Summary: " + "s" * 513),
    field("summary-of-lines", Rule.METADATA, "must be a single line", "Summary: one\n  two"),
    field("e-mail", Rule.METADATA, "'nobody' is not an e-mail address", "Author-Email: N <nobody>"),
    field(
        "long-label",
        Rule.METADATA,
        "has 33 characters",
        f"Project-URL: {'l' * 33}, https://example.org",
    ),
    field("not-a-url", Rule.METADATA, "not a URL", "Project-URL: Home, example.org"),
    field("home-page", Rule.METADATA, "not a URL", "Home-page: ftp://example.org"),
    field("requirement", Rule.METADATA, "is invalid for 'requires-dist'", "Requires-Dist: x=1"),
    field("requires-python", Rule.METADATA, "'requires-python'", "Requires-Python: three"),
    field(
        "direct-url",
        Rule.DIRECT_URL,
        "asks for an address",
        "Requires-Dist: x @ git+https://example.org/x",
    ),
    field("dynamic-unknown", Rule.METADATA, "valid dynamic field", "Dynamic: Colour"),
    field("dynamic-name", Rule.METADATA, "not allowed as a dynamic field", "Dynamic: Name"),
    field(
        "content-type",
        Rule.METADATA,
        "'description-content-type'",
        "Description-Content-Type: text/html",
    ),
    field(
        "both-licences",
        Rule.LICENSE_EXPRESSION,
        "both given",
        "License: MIT\nLicense-Expression: MIT",
    ),
    field("not-spdx", Rule.LICENSE_EXPRESSION, "'My own'", "License-Expression: My own"),
    field(
        "not-canonical", Rule.LICENSE_EXPRESSION, "not in canonical form", "License-Expression: mit"
    ),
    field("no-licence-file", Rule.LICENSE_FILE, f"has no {INFO}/licenses/a/L", "License-File: a/L"),
    field(
        "licence-outside",
        Rule.LICENSE_FILE,
        "parent directory indicators",
        "License-File: ../L",
    ),
    wheel(
        "field-too-new",
        Rule.LICENSE_EXPRESSION,
        "introduced in metadata version 2.4",
        metadata=LICENSED.format("MIT").replace("2.4", "2.3"),
    ),
)

POINTS = (
    points("not-utf-8", "is not UTF-8", b"[console_scripts]\nd\xe9mo = demo:main\n"),
    points("no-section", "cannot be read", b"demo = demo:main\n"),
    points("colon", "cannot be read", b"[console_scripts]\ndemo: demo.main\n"),
    points("twice", "cannot be read", b"[console_scripts]\na = b:c\na = b:d\n"),
    points("path", "not a file name on every system", b"[console_scripts]\n../demo = demo:main\n"),
    points("module", "no installer can call", b"[gui_scripts]\ndemo = demo\n"),
)

METADATAS = (*FIELDS, *POINTS)

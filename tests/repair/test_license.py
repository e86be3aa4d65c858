"""Licence names against the SPDX list and the expressions of license-expression."""

import json
from importlib import resources

import pytest

from felloe.repair.sbom.license import _NAMES as NAMES
from felloe.repair.sbom.license import find_expression, find_identifier, parse_copyright


@pytest.fixture(scope="module")
def listed():
    schema = resources.files("cyclonedx.schema") / "_res" / "spdx.SNAPSHOT.schema.json"
    return set(json.loads(schema.read_text())["enum"])


@pytest.mark.tools("cyclonedx")
def test_every_identifier_is_on_the_list(listed):
    assert set(NAMES.values()) <= listed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("LGPLv2+", "LGPL-2.0-or-later"),
        ("GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("AGPL-3.0+", "AGPL-3.0-or-later"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("ZLIB", "Zlib"),
        ("Expat", "MIT"),
        ("ASL 2.0", "Apache-2.0"),
        ("BSD", None),
        ("GPL", None),
        ("MIT and Zlib", None),
        ("", None),
    ],
)
def test_identifier(text, expected):
    assert find_identifier(text) == expected


EXPRESSIONS = [
    ("GPL-2+ or MIT and Zlib", "GPL-2.0-or-later OR MIT AND Zlib"),
    ("(LGPLv2+ or MIT) AND BSD-2-Clause", "(LGPL-2.0-or-later OR MIT) AND BSD-2-Clause"),
    ("((MIT))", "((MIT))"),
    (
        "GPL-3.0-or-later WITH GCC-exception-3.1 AND MIT",
        "GPL-3.0-or-later WITH GCC-exception-3.1 AND MIT",
    ),
    ("GPL-2+ or Artistic-2.0, and Zlib", None),
    ("MIT Zlib", None),
    ("MIT and", None),
    ("and MIT", None),
    ("(MIT", None),
    ("MIT)", None),
    ("()", None),
    ("MIT with Zlib", None),
    ("MIT with", None),
    ("MIT or LicenseRef-mine", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_expression(text, expected):
    assert find_expression(text) == expected


@pytest.mark.tools("license-expression")
def test_expressions_are_valid_spdx():
    from license_expression import get_spdx_licensing

    for _text, expected in EXPRESSIONS:
        assert expected is None or not get_spdx_licensing().validate(expected).errors


HEAD = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("This package was debianized by somebody.\n\nLicense: MIT\n", ()),
        ("Format: something else\n\nFiles: *\nLicense: MIT\n", ()),
        (HEAD, ()),
        (HEAD + "License: GPL-3\n", ()),
        (HEAD + "\nFiles: *\nLicense: Zlib\n", ("Zlib",)),
        (HEAD + "\nFiles: *\nCopyright: me\n you\nLicense: Expat\n All of\n .\n it.\n", ("MIT",)),
        (HEAD + "\nfiles: a\n b\nlicense:   mine  \n", ("mine",)),
        (HEAD + "\nFiles: debian/*\nLicense: GPL-3+\n", ()),
        (HEAD + "\nFiles: debian/*\n src/*\nLicense: GPL-3+\n", ("GPL-3.0-or-later",)),
        (HEAD + "\nFiles: *\nLicense: MIT\n\n \nLicense: MIT\n Text\n", ("MIT",)),
        (
            HEAD + "\nFiles: a\nLicense: b\n\nFiles: c\nLicense: a\n\nFiles: d\nLicense: b\n x\n",
            ("b", "a"),
        ),
        (HEAD + "\nFiles: *\nLicense: GPL-2+ or MIT\n", ("GPL-2.0-or-later OR MIT",)),
        (HEAD + "\nFiles: *\nLicense:\n", ()),
    ],
)
def test_copyright(text, expected):
    assert parse_copyright(text) == expected

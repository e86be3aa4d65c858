"""Core metadata, field by field; ``packaging`` itself is tested elsewhere."""

import sys
from types import SimpleNamespace

import pytest

from felloe.check.metadata_rules import (
    Fields,
    check_license_files,
    check_metadata,
    check_sdist_version,
    parse_fields,
)
from felloe.check.rule import Rule

BASE = "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n"


@pytest.fixture(autouse=True)
def no_list_of_classifiers(monkeypatch):
    """Wherever the tests run."""
    monkeypatch.setitem(sys.modules, "trove_classifiers", None)


def check(text, base=BASE):
    return list(check_metadata((base + text).encode(), "d.dist-info/METADATA"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Summary: " + "s" * 512,
        "License: MIT",
        "License-Expression: MIT OR (Apache-2.0 WITH LLVM-exception)\nLicense-File: a/LICENSE",
        "License-Expression: LicenseRef-mine",
        "Project-URL: " + "l" * 32 + ", https://example.org/a?b=c#d",
        "Project-URL: Mail, http://example.org:80/",
        "Author-Email: A <a@example.org>, B <b@example.org>",
        "Maintainer-Email: a.b+c@sub.example.co.uk",
        "Requires-Dist: x[y]>=1,<2; python_version < '3.11'\nRequires-Python: >=3.9,<4",
        "Provides-Dist: other (>=1.0)",
        "Dynamic: License-File",
        "Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM\n\n# Title",
        "Provides-Extra: fast\nKeywords: a,b\nPlatform: any",
        "Classifier: What :: Ever",
    ],
)
def test_good_fields(text):
    assert check(text) == []


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"])
def test_versions_that_pypi_takes(version):
    assert check("", f"Metadata-Version: {version}\nName: demo\nVersion: 1.0\n") == []


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("2.6", "core metadata 2.6 is too new for PyPI, which takes 2.5 at most"),
        ("2.0", "'2.0' is not a valid metadata version"),
        ("x", "'x' is not a valid metadata version"),
    ],
)
def test_versions_that_pypi_refuses(version, says):
    rulings = check("", f"Metadata-Version: {version}\nName: demo\nVersion: 1.0\n")
    assert {ruling.rule for ruling in rulings} == {Rule.METADATA_VERSION}
    assert says in rulings[-1].message


@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        ("Requires-Dist: x @ file:///x", Rule.DIRECT_URL, "x @ file:///x asks for an address"),
        ("Provides-Dist: x @ https://x.org/x", Rule.DIRECT_URL, "Provides-Dist: x @"),
        ("Obsoletes-Dist: =", Rule.METADATA, "Obsoletes-Dist: '=' is invalid"),
        ("Dynamic: Dynamic", Rule.METADATA, "Dynamic cannot be dynamic itself"),
        ("Project-URL: , https://example.org", Rule.METADATA, "has 0 characters"),
        ("Project-URL: Home", Rule.METADATA, "'' is not a URL"),
        ("Home-page: UNKNOWN", Rule.METADATA, "Home-Page: 'UNKNOWN'"),
        ("Download-URL: https://a b", Rule.METADATA, "Download-URL: 'https://a b'"),
        ("Author-Email: no address", Rule.METADATA, "'no' is not an e-mail address"),
        ("Author-Email: a@localhost", Rule.METADATA, "'a@localhost' is not an e-mail address"),
        ("License-Expression: mit or apache-2.0", Rule.LICENSE_EXPRESSION, "not in canonical"),
        ("License-Expression: NotALicense", Rule.LICENSE_EXPRESSION, "is invalid"),
        ("License-File: /etc/passwd", Rule.LICENSE_FILE, "paths must be relative"),
        ("License-File: a\\b", Rule.LICENSE_FILE, "'/' delimiter"),
        ("Provides-Extra: -", Rule.METADATA, "'provides-extra'"),
        ("Version: 2.0", Rule.METADATA, "the field version is unknown, or cannot be read"),
    ],
)
def test_bad_fields(text, rule, says):
    rulings = check(text)
    assert [ruling.rule for ruling in rulings] == [rule]
    assert says in rulings[0].message
    assert rulings[0].message.startswith("METADATA: ")
    assert rulings[0].hint
    assert rulings[0].path == "d.dist-info/METADATA"


def test_the_canonical_form_is_given():
    (ruling,) = check("License-Expression: mit or apache-2.0")
    assert ruling.hint == "write MIT OR Apache-2.0"


def test_everything_at_once_and_always_in_the_same_order():
    text = "Requires-Dist: x=1\nRequires-Python: three\nLicense-Expression: No\nSummary: a\n  b"
    first = [ruling.message for ruling in check(text)]
    assert len(first) == 4
    assert first == [ruling.message for ruling in check(text)]


@pytest.mark.parametrize("margin", ["        ", "       |"])
def test_a_description_that_is_a_field_is_dedented(margin):
    lines = ["Title", "=====", "", "* one", "  two", "", "Other", "-----"]
    text = BASE + "Description: " + f"\n{margin}".join(lines) + "\n"
    assert not [r for r in check_metadata(text.encode(), "PKG-INFO") if r.rule is Rule.DESCRIPTION]


def test_fields():
    fields = parse_fields((BASE + "License-File: a\nLicense-File: b/c\n").encode())
    assert fields == Fields("demo", "1.0", "2.4", ("a", "b/c"))
    assert parse_fields(b"") == Fields()
    old = BASE.replace("2.4", "2.1") + "License-File: a\n"
    assert parse_fields(old.encode()).license_files == ()


def test_license_files():
    fields = Fields(license_files=("a", "b/c"))
    assert not list(check_license_files(fields, "d", {"d/a", "d/b/c"}))
    (ruling,) = check_license_files(fields, "d", {"d/a", "d/c"})
    assert "has no d/b/c" in ruling.message


@pytest.mark.parametrize(("version", "notes"), [("1.0", 1), ("2.1", 1), ("2.2", 0), (None, 0)])
def test_sdist_version(version, notes):
    rulings = list(check_sdist_version(Fields(metadata_version=version), "d/PKG-INFO"))
    assert [ruling.is_note for ruling in rulings] == [True] * notes


def test_classifiers_are_asked_where_their_list_is_installed(monkeypatch):
    trove = SimpleNamespace(
        classifiers={"A :: B"}, deprecated_classifiers={"Old :: X": ["A :: B"], "Old :: Y": []}
    )
    text = "\n".join(
        f"Classifier: {c}" for c in ("A :: B", "Old :: X", "Old :: Y", "No :: Such", "Private :: P")
    )
    (private,) = check(text)
    assert (private.rule, private.is_note) == (Rule.CLASSIFIER, True)
    assert "'Private :: P' makes PyPI refuse the file" in private.message
    monkeypatch.setitem(sys.modules, "trove_classifiers", trove)
    found = {ruling.message: ruling.hint for ruling in check(text) if not ruling.is_note}
    assert found == {
        "METADATA: there is no classifier 'No :: Such'": (
            "choose from pypi.org/classifiers, letter by letter"
        ),
        "METADATA: the classifier 'Old :: X' is deprecated": "write A :: B",
        "METADATA: the classifier 'Old :: Y' is deprecated": "remove it",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_more_fields_than_there_are_is_one_problem(end):
    """What reads them takes a time that grows with the square of their number."""
    many = end.join(f"Field-{number}: x" for number in range(60_000)) + end
    (found, *_) = check(many, BASE.replace("\n", end))
    assert found.rule is Rule.METADATA
    assert "the field Field-0 (one of 60003) is unknown" in found.message
    assert parse_fields(many.encode()) == Fields()


def test_a_text_after_the_fields_may_look_like_many():
    text = "\n" + "".join(f"Point-{number}: made\n" for number in range(1000))
    assert check(text) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Author-email: " + "(" * 9000, "((((' is not an e-mail address"),
        ("Description-Content-Type: text/plain; " + "(" * 9000, "a field is nested too deeply"),
        (
            "Description-Content-Type: text/plain; " + "a=b; " * 9000,
            "field description-content-type",
        ),
        ("Requires-Python: " + ">=1," * 9000 + ">=2", "field requires-python is"),
        ("Requires-Dist: a; " + "(" * 20_000, "field requires-dist is"),
    ],
    ids=lambda text: text[:32],
)
def test_what_would_never_be_read_to_its_end_is_one_problem(line, says):
    (found,) = check(line + "\n")
    assert says in found.message


def test_texts_may_be_long():
    assert check("License: " + "free " * 9000 + "\n", BASE.replace("2.4", "2.3")) == []
    assert check("Keywords: " + "free," * 9000 + "a\n\n" + "text " * 99_000) == []

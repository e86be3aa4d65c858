"""Demands of PyPI on metadata fields beyond the specification.

Source: warehouse's ``forklift/metadata.py``, ``_validate_metadata``, August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import parseaddr
from importlib import import_module
from typing import NamedTuple
from urllib.parse import urlsplit

from felloe.check.rule import Rule

Raw = Mapping[str, object]
"""Fields as ``packaging.metadata.RawMetadata`` names them."""

_MOST_SUMMARY = 512
_MOST_LABEL = 32
_MOST_COMMENTS = 100
_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_ADDRESS_FIELDS = {"author_email": "Author-Email", "maintainer_email": "Maintainer-Email"}
_URL_FIELDS = {"home_page": "Home-Page", "download_url": "Download-URL"}
_REQUIREMENT_FIELDS = ("requires_dist", "provides_dist", "obsoletes_dist")
_PRIVATE = "Private ::"


class Breach(NamedTuple):
    """A field that breaks a rule."""

    rule: Rule
    message: str
    hint: str
    is_note: bool = False


def check_fields(raw: Raw) -> Iterator[Breach]:
    """Check all fields."""
    for check in _CHECKS:
        yield from check(raw)


def get_text(raw: Raw, field: str) -> str | None:
    """Return the value of a field that has one."""
    value = raw.get(field)
    return value if isinstance(value, str) else None


def get_list(raw: Raw, field: str) -> tuple[str, ...]:
    """Return the values of a field that may have many."""
    value = raw.get(field)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _check_summary(raw: Raw) -> Iterator[Breach]:
    size = len(get_text(raw, "summary") or "")
    if size > _MOST_SUMMARY:
        yield Breach(
            Rule.METADATA,
            f"Summary has {size} characters, PyPI takes {_MOST_SUMMARY}",
            "shorten `description` in [project]; the readme has room",
        )


def _check_addresses(raw: Raw) -> Iterator[Breach]:
    for field, name in _ADDRESS_FIELDS.items():
        address = _find_address(get_text(raw, field) or "")
        if address and not _ADDRESS.fullmatch(address):
            yield Breach(
                Rule.METADATA,
                f"{name}: {address!r} is not an e-mail address",
                "correct `email` in [project], or leave it out",
            )


def _find_address(text: str) -> str:
    """Return the address in a field, or the field itself if its comments are nested too deeply.

    Some versions of the parser answer those with an error, others with nothing.
    """
    if text.count("(") > _MOST_COMMENTS:
        return text[:_MOST_LABEL]
    return parseaddr(text)[1]


def _check_urls(raw: Raw) -> Iterator[Breach]:
    urls = [(name, get_text(raw, field)) for field, name in _URL_FIELDS.items()]
    labelled = raw.get("project_urls")
    labels = labelled.items() if isinstance(labelled, dict) else ()
    for label, _ in labels:
        if not label or len(label) > _MOST_LABEL:
            yield Breach(
                Rule.METADATA,
                f"the label {label!r} of a Project-URL has {len(label)} characters, "
                f"PyPI takes 1 to {_MOST_LABEL}",
                "shorten the key in [project.urls]",
            )
    urls += [(f"Project-URL {label!r}", url) for label, url in labels]
    for name, url in urls:
        if url is not None and not _is_url(url):
            yield Breach(
                Rule.METADATA,
                f"{name}: {url!r} is not a URL",
                "write a full one: https://…",
            )


def _is_url(text: str) -> bool:
    try:
        scheme = urlsplit(text).scheme
    except ValueError:
        return False
    return scheme in ("http", "https") and not re.search(r"[\s<>\"{}|\\^`]", text)


def _check_requirements(raw: Raw) -> Iterator[Breach]:
    from packaging.requirements import InvalidRequirement, Requirement

    for field in _REQUIREMENT_FIELDS:
        name = field.replace("_", "-").title()
        for text in get_list(raw, field):
            try:
                requirement = Requirement(text)
            except InvalidRequirement as cause:
                if field != "requires_dist":  # that one the reference has looked at
                    reason = str(cause).partition("\n")[0]
                    hint = "write it as PEP 508 has it: name>=1.0"
                    yield Breach(Rule.METADATA, f"{name}: {text!r} is invalid: {reason}", hint)
                continue
            if requirement.url is not None:
                yield Breach(
                    Rule.DIRECT_URL,
                    f"{name}: {text} asks for an address, which PyPI refuses",
                    f"depend on a release of {requirement.name} that an index has",
                )


def _check_dynamic(raw: Raw) -> Iterator[Breach]:
    if "dynamic" in map(str.lower, get_list(raw, "dynamic")):
        yield Breach(Rule.METADATA, "Dynamic cannot be dynamic itself", "remove it from that list")


def _check_license(raw: Raw) -> Iterator[Breach]:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    expression = get_text(raw, "license_expression")
    if expression is None:
        return
    if get_text(raw, "license"):
        yield Breach(
            Rule.LICENSE_EXPRESSION,
            "License and License-Expression are both given",
            'write only the expression, not a table: `license = "MIT"` in [project]',
        )
    try:
        canonical = canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return  # the reference has said so
    if canonical != expression:
        yield Breach(
            Rule.LICENSE_EXPRESSION,
            f"License-Expression {expression!r} is not in canonical form",
            f"write {canonical}",
        )


def _check_classifiers(raw: Raw) -> Iterator[Breach]:
    given = sorted(set(get_list(raw, "classifiers")))
    for classifier in given:
        if classifier.startswith(_PRIVATE):
            yield Breach(
                Rule.CLASSIFIER,
                f"{classifier!r} makes PyPI refuse the file, as it is meant to",
                "remove it to publish the project there",
                is_note=True,
            )
    try:
        trove = import_module("trove_classifiers")
    except ImportError:  # not a dependency, because its list changes more often than felloe
        return
    for classifier in given:
        successors = trove.deprecated_classifiers.get(classifier)
        if successors is not None:
            hint = f"write {' or '.join(successors)}" if successors else "remove it"
            yield Breach(Rule.CLASSIFIER, f"the classifier {classifier!r} is deprecated", hint)
        elif classifier not in trove.classifiers and not classifier.startswith(_PRIVATE):
            hint = "choose from pypi.org/classifiers, letter by letter"
            yield Breach(Rule.CLASSIFIER, f"there is no classifier {classifier!r}", hint)


_CHECKS: tuple[Callable[[Raw], Iterator[Breach]], ...] = (
    _check_summary,
    _check_addresses,
    _check_urls,
    _check_requirements,
    _check_dynamic,
    _check_license,
    _check_classifiers,
)

"""Validate JSON documents in tests."""

from __future__ import annotations


def validate(document, schema):
    """Validate a JSON document against a schema."""
    import jsonschema  # importing it takes seconds when its optional format checkers are installed

    jsonschema.validate(document, schema)

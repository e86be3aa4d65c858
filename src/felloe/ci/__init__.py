"""Pipelines for CI services: what to run where, and the files that say it."""

"""A module of one function."""

import sys

from frontend_tiny._tiny import answer

GREETING = "hello"


def main() -> None:
    sys.stdout.write(f"{GREETING} {answer()}\n")

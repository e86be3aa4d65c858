"""Words of a command that are values of settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from felloe.config.option import Option


def checked(option: Option) -> Callable[[str], str]:
    """What argparse calls for each value: the word, if it is one that the setting takes."""

    def check(text: str) -> str:
        value, problem = option.read_text([text])
        if problem or not value:
            raise argparse.ArgumentTypeError(problem or "it has no value")
        return text

    return check

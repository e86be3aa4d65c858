"""``felloe new NAME``: write a new project."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe import terminal
from felloe.cli.arguments import Commands, add_command, add_output_directory
from felloe.project.new.name import parse_name
from felloe.project.new.new import make_project
from felloe.project.new.template import BINDINGS


def add_parser(commands: Commands) -> None:
    """Add ``new``."""
    parser = add_command(
        commands,
        "new",
        "write a new project",
        "Write a small, complete project: sources, bindings, types, tests, a license (MIT) and a "
        "CI workflow for GitHub. `pip wheel .` works in it at once. Existing files are never "
        "overwritten.",
        ("fast-primes --binding pybind11", "fast-primes --binding c-abi3 -o primes --no-ci"),
    )
    parser.add_argument("name", metavar="NAME", help="the name of the distribution")
    parser.add_argument(
        "--binding",
        required=True,
        choices=BINDINGS,
        help="how C or C++ code is bound to Python",
    )
    add_output_directory(parser, None, "the directory of the project (default: NAME)")
    parser.add_argument(
        "--no-ci", action="store_true", help="write no CI workflow (`felloe ci` writes one later)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the project."""
    name = parse_name(options.name)
    place: Path = options.output_dir or Path(name.distribution)
    paths = make_project(name, options.binding, place, ci=not options.no_ci)
    terminal.report_progress(f"wrote {len(paths)} files to {place}")
    terminal.print_text(f"""\
cd {place}
pip wheel --no-deps -w dist .        # a wheel to upload
pip install -e . --group test        # to work on it (pip 25.1 or later)
pytest""")
    return 0

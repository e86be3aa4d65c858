"""``felloe new NAME``: a project to begin with."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe import terminal
from felloe.project.new.name import parse_name
from felloe.project.new.new import make_project
from felloe.project.new.template import BINDINGS


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``new``."""
    parser = commands.add_parser(
        "new",
        help="make a new project",
        description="Write a small, complete project: sources, bindings, types, tests, a licence "
        "(MIT) and a pipeline. `pip wheel .` works in it at once. Nothing that exists is "
        "overwritten.",
    )
    parser.add_argument("name", metavar="NAME", help="the name of the distribution")
    parser.add_argument(
        "--binding",
        required=True,
        choices=BINDINGS,
        help="how C or C++ code is bound to Python",
    )
    parser.add_argument(
        "--directory", metavar="DIR", type=Path, help="where to write (default: NAME)"
    )
    parser.add_argument(
        "--no-ci", action="store_true", help="write no pipeline; `felloe ci` can do so later"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the project."""
    name = parse_name(options.name)
    place: Path = options.directory or Path(name.distribution)
    paths = make_project(name, options.binding, place, ci=not options.no_ci)
    terminal.report_progress(f"wrote {len(paths)} files to {place}")
    terminal.print_text(f"""\
cd {place}
pip wheel --no-deps -w dist .        # a wheel to publish
pip install -e . --group test        # to work on it (pip 25.1 or later)
pytest""")
    return 0

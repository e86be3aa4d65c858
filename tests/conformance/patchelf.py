#!/usr/bin/env python3
"""patchelf's command line over felloe.patch: the part of it that felloe does.

    python3 tests/conformance/patchelf.py --set-rpath '$ORIGIN' FILE…

Its tests run against this. An operation that felloe does not do ends with exit code 2;
with PATCHELF_PASS_OVER=1 it changes nothing, for tests that mix operations at random.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf
from felloe.errors import FelloeError

FLAGS = (
    *("--print-rpath", "--print-needed", "--print-soname", "--print-interpreter"),
    *("--remove-rpath", "--shrink-rpath", "--force-rpath", "--debug"),
)
WORDS = ("--set-rpath", "--add-rpath", "--set-soname", "--output", "--set-interpreter")
LISTS = {"--remove-needed": 1, "--replace-needed": 2}


class NotOurs(Exception):
    """An operation that felloe has no use for."""


def main() -> int:
    try:
        options, files = read_arguments(sys.argv[1:])
        for file in files:
            work_on(Path(file), options)
    except NotOurs as operation:
        if os.environ.get("PATCHELF_PASS_OVER"):
            return 0
        print(f"patchelf.py: felloe does not do {operation}", file=sys.stderr)
        return 2
    except (FelloeError, OSError) as error:
        print(f"patchelf: {error}", file=sys.stderr)
        return 1
    return 0


def read_arguments(words: list) -> tuple:
    options, files = {"--remove-needed": [], "--replace-needed": []}, []
    rest = iter(words)
    for word in rest:
        if word in FLAGS:
            options[word] = True
        elif word in WORDS:
            options[word] = resolve(next(rest))
        elif word in LISTS:
            options[word].append([resolve(next(rest)) for _ in range(LISTS[word])])
        elif word.startswith("--"):
            raise NotOurs(word)
        else:
            files.append(word)
    return options, files


def resolve(word: str) -> str:
    return Path(word[1:]).read_text() if word.startswith("@") else word


def work_on(file: Path, options: dict) -> None:
    data = file.read_bytes()
    elf = parse_elf(data)
    show(elf, options)
    if options.get("--set-interpreter", elf.interpreter) != elf.interpreter:
        raise NotOurs("--set-interpreter")
    renamed = {old: new for old, new in options["--replace-needed"] if old in elf.needed}
    dropped = frozenset(name for (name,) in options["--remove-needed"] if name in elf.needed)
    edit = Edit(options.get("--set-soname"), needed=renamed, dropped=dropped)
    path = choose_path(elf, options)
    if path is not None:
        edit = replace(edit, rpath=path, runpath="--force-rpath" not in options)
    changed = patch(data, edit) if elf.is_dynamic else data
    place = Path(options.get("--output", file))
    if place != file or changed is not data:
        place.write_bytes(changed)
        place.chmod(file.stat().st_mode)


def show(elf, options: dict) -> None:
    if "--print-rpath" in options:
        print(":".join(elf.runpath or elf.rpath))
    if "--print-soname" in options:
        print(elf.soname or "")
    if "--print-interpreter" in options:
        print(elf.interpreter)
    for name in elf.needed if "--print-needed" in options else ():
        print(name)


def choose_path(elf, options: dict):
    """The search path that is asked for; None if none is."""
    now = elf.runpath or elf.rpath
    if "--set-rpath" in options:
        return options["--set-rpath"]
    if "--remove-rpath" in options:
        return ""
    if "--add-rpath" in options:
        return ":".join([*now, options["--add-rpath"]])
    if "--shrink-rpath" in options and now:
        missing = set(elf.needed)
        kept = []
        for entry in now:
            held = {name for name in missing if (Path(entry) / name).exists()}
            kept += [entry] if held or entry.startswith("$ORIGIN") else []
            missing -= held
        return ":".join(kept)
    return None


if __name__ == "__main__":
    sys.exit(main())

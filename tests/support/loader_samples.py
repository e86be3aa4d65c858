"""Libraries for tests of the loader: linked here, strewn over directories."""

import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from felloe.binary.elf.layout import DynamicTag
from felloe.binary.elf.reader import parse_elf

MACHINE = os.uname().machine
INTERPRETER = parse_elf(Path(sys.executable).resolve().read_bytes()).interpreter or ""
TRIPLET = f"{MACHINE}-linux-gnu"
on_glibc = pytest.mark.skipif("ld-linux-x86-64" not in INTERPRETER, reason="its oracle is glibc's")


class Kit:
    """Links libraries that hold nothing but what the loader reads."""

    def __init__(self, place):
        self.place = place
        (place / "empty.c").write_text("int felloe_empty;\n")
        for bits in (64, 32):
            command = ["gcc", f"-m{bits}", "-fPIC", "-c", "empty.c", "-o", f"{bits}.o"]
            subprocess.run(command, cwd=place, check=True)

    def stub(self, name, bits):
        """A library to link with, of which only the name matters."""
        path = self.place / f"{bits}-{name.replace('/', '%').replace('$', '%')}"
        if not path.exists():
            self._link(path, bits, "-soname", name)
        return path

    def link(self, path, needed=(), soname=None, bits=64, **paths):
        """``paths``: rpath or runpath."""
        path.parent.mkdir(parents=True, exist_ok=True)
        words = ["--no-as-needed", *(self.stub(name, bits) for name in needed)]
        words += ["-soname", soname] if soname else []
        if "rpath" in paths:  # ld writes either; so the one begins as an entry nobody reads
            words += ["--auxiliary", paths["rpath"]]
        if "runpath" in paths:
            words += ["--enable-new-dtags", "-rpath", paths["runpath"]]
        self._link(path, bits, *words)
        if "rpath" in paths:
            form, auxiliary = "<Q" if bits == 64 else "<I", 0x7FFFFFFD
            old, new = (struct.pack(form, tag) for tag in (auxiliary, DynamicTag.RPATH))
            path.write_bytes(path.read_bytes().replace(old, new))
        return path

    def _link(self, path, bits, *words):
        machine = "elf_x86_64" if bits == 64 else "elf_i386"
        command = ["ld", "-shared", "-m", machine, "-o", path, self.place / f"{bits}.o", *words]
        subprocess.run(command, check=True)


NAMES = [f"libfelloe{letter}.so" for letter in "abcdef"]


def random_entries(choose, place):
    entries = [
        *(f"{place}/d{number}" for number in range(3)),
        *("$ORIGIN", "${ORIGIN}/../d1", "$ORIGIN/sub", "$ORIGIN/../d2/"),
        *(f"{place}/d0/$LIB", f"{place}/d0/${{LIB}}", f"{place}/d$LIBRARY", f"{place}/no", ""),
    ]
    weights = [4, 4, 4, 4, 2, 2, 2, 1, 1, 1, 1, 1]
    return ":".join(choose.choices(entries, weights, k=choose.randint(1, 2)))


def random_layout(kit, seed, place):
    """Libraries strewn over directories; the one to begin with, and the environment."""
    choose = random.Random(seed)
    directories = [place / name for name in ("d0", "d1", "d2", "d1/sub", f"d0/lib/{TRIPLET}")]

    def link(path, count, bits=64):
        kinds = choose.choice(["", "", "rpath", "rpath", "runpath", "runpath rpath"]).split()
        needed = choose.sample(NAMES, count)
        if choose.random() < 0.1:
            needed.append(f"$ORIGIN/../d1/{choose.choice(NAMES)}")
        soname = choose.choice([path.name, path.name, None, choose.choice(NAMES)])
        paths = {kind: random_entries(choose, place) for kind in kinds}
        kit.link(path, needed, soname, bits, **paths)

    for name in NAMES:
        for directory in choose.sample(directories, choose.randint(1, 2)):
            path = directory / name
            kind = choose.random()
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind < 0.15:
                path.symlink_to(choose.choice(directories) / choose.choice(NAMES))
                continue
            link(path, choose.randint(1, 3), bits=32 if kind < 0.25 else 64)
            if 0.25 <= kind < 0.3:
                change_machine(path)
    root = place / "root" / "libroot.so"
    name = choose.choice(["rpath", "rpath", "runpath"])
    kit.link(root, NAMES[:2], **{name: f"{random_entries(choose, place)}:$ORIGIN/../d0"})
    if choose.random() < 0.5:
        return root, {}
    asked = [random_entries(choose, place).replace("ORIGIN", "X") for _ in range(2)]
    return root, {"LD_LIBRARY_PATH": choose.choice([":", ";"]).join(asked)}


def change_machine(path):
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 18, 183)
    path.write_bytes(data)

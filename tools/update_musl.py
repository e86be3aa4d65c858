"""Write src/felloe/audit/policy/musl_symbols.json: what musl 1.2.3 exports, and what newer ones do.

python tools/update_musl.py MUSL.deb…

Takes Debian's `musl` packages of several versions, for any machines
(https://deb.debian.org/debian/pool/main/m/musl/), 1.2.3 among them. musl has no
symbol versions, so only such a list tells for which release an object was built.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from felloe.binary.elf.reader import parse_elf
from felloe.binary.elf.symbols import SymbolTable

OLDEST = "1.2.3"
# In every musl; Debian's 1.2.3 leaves them to libcrypt.
ALWAYS = {"crypt", "crypt_r", "encrypt", "setkey"}
DATA = Path(__file__).parent.parent / "src" / "felloe" / "audit" / "policy" / "musl_symbols.json"


def main(packages: list[Path]) -> None:
    """Read the packages, write the list."""
    exports: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        version = package.name.split("_")[1].partition("-")[0]
        exports[version] |= set(read_exports(package))
    known = exports[OLDEST] | ALWAYS
    newer: dict[str, list[str]] = {}
    for version in sorted(exports, key=lambda text: [int(part) for part in text.split(".")]):
        newer[version] = sorted(exports[version] - known)
        known |= exports[version]
    data = {
        "source": "Debian's musl packages",
        "oldest": OLDEST,
        "newer": newer,
        "symbols": sorted(exports[OLDEST] | ALWAYS),
    }
    del newer[OLDEST]
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read_exports(package: Path) -> Iterator[str]:
    """Return the dynamic symbols that the package's libc.so defines."""
    for name, data in read_ar(package.read_bytes()):
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isfile() else None
                    if file is not None and re.search(r"/(libc|ld-musl-\w+)\.so", member.name):
                        content = file.read()
                        yield from SymbolTable(content, parse_elf(content)).definitions()


def read_ar(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an ar archive (deb(5))."""
    at = 8
    while at + 60 <= len(data):
        name, size = data[at : at + 16].decode().strip().rstrip("/"), int(data[at + 48 : at + 58])
        yield name, data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])

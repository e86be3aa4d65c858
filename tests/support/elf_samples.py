"""ELF files for tests: compiled here, or forged byte by byte."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = {
    "library.c": """
        #include <math.h>
        #include <stdio.h>
        extern int felloe_maybe(int) __attribute__((weak));
        int felloe_table[] = {1, 2, 3};
        int *felloe_pointers[] = {felloe_table, felloe_table + 1};
        int felloe_add(int a, int b) { return felloe_maybe ? felloe_maybe(a) : a + b; }
        double felloe_power(double a, double b) { return pow(a, b); }
        void felloe_print(const char *text) { puts(text); }
    """,
    "hidden.c": """
        #include <stdio.h>
        static void __attribute__((constructor)) begin(void) { puts("loaded"); }
    """,
    "versions.map": "FELLOE_1 { global: felloe_add; felloe_print; local: *; };",
    "program.c": """
        #include <stdlib.h>
        #include <stdio.h>
        int main(void) {
            void (*volatile release)(void *) = free;
            release(malloc(3));
            return puts("run") < 0;
        }
    """,
    "absolute.s": """
        .globl felloe_absolute
        .text
        felloe_absolute: movabs $felloe_absolute, %rax
        ret
        .section .note.GNU-stack,"",@progbits
    """,
    "bare.c": """
        extern int felloe_other(int);
        extern int felloe_maybe(int) __attribute__((weak));
        int felloe_one(int a) { return felloe_other(a) + (felloe_maybe ? felloe_maybe(a) : 0); }
        int felloe_two(void) { return 2; }
        int felloe_three;
    """,
}

_SHARED = "-shared -fPIC library.c -lm"
_BARE = "-nostdlib -shared -fPIC -O1 bare.c -Wl,-soname,libbare.so.1 -Wl,-rpath,/opt/felloe"

HOST = {
    "shared": _SHARED,
    "soname": f"{_SHARED} -Wl,-soname,libfelloe.so.1",
    "runpath": f"{_SHARED} -Wl,--enable-new-dtags,-rpath,$ORIGIN/lib:/opt/felloe",
    "rpath": f"{_SHARED} -Wl,--disable-new-dtags,-rpath,/opt/felloe:$ORIGIN",
    "versions": f"{_SHARED} -Wl,--version-script,versions.map",
    "execstack": f"{_SHARED} -Wl,-z,execstack",
    "textrel": "-shared absolute.s -Wl,-z,notext -nostdlib",
    "relr": f"{_SHARED} -Wl,-z,pack-relative-relocs",
    "large-pages": f"{_SHARED} -Wl,-z,max-page-size=65536",
    "v3": f"{_SHARED} -Wl,-z,x86-64-v3",
    "hash-gnu": f"{_SHARED} -Wl,--hash-style=gnu",
    "hash-sysv": f"{_SHARED} -Wl,--hash-style=sysv",
    "hash-both": f"{_SHARED} -Wl,--hash-style=both",
    "no-exports-gnu": "-shared -fPIC -fvisibility=hidden hidden.c -Wl,--hash-style=gnu",
    "no-exports-sysv": "-shared -fPIC -fvisibility=hidden hidden.c -Wl,--hash-style=sysv",
    "program-pie": "-pie -fPIE program.c -Wl,--hash-style=gnu",
    "program-fixed": "-no-pie -fno-pie program.c -Wl,--hash-style=gnu",
    "program-exporting": "-pie -fPIE -rdynamic program.c -Wl,--hash-style=gnu",
    "program-static": "-static program.c",
    "object": "-c library.c",
}
"""Name -> what gcc is told."""

FOREIGN = {
    f"{target.partition('-')[0]}-{style}": (target, f"{_BARE} -Wl,--hash-style={style}")
    for target in ("s390x-linux-gnu", "arm-linux-gnueabihf", "x86-linux-gnu", "aarch64-linux-gnu")
    for style in ("gnu", "sysv", "both")
}
"""Name -> zig's target, and what zig's C compiler is told."""

# Zig's linker gives DT_HASH of s390x 32-bit words, where its ABI has 64-bit ones.
del FOREIGN["s390x-sysv"]

ZIG = pytest.mark.tools("zig")
NAMES = (*HOST, *(pytest.param(name, marks=ZIG) for name in FOREIGN))
"""Parameters of tests: each name, with the mark of what compiles it."""


def compile_elf(directory: Path, name: str) -> Path:
    """Compile one of :data:`HOST` or :data:`FOREIGN` in ``directory``, once."""
    made = directory / f"{name}.elf"
    if made.exists():
        return made
    for source, text in SOURCES.items():
        (directory / source).write_text(text)
    environ = dict(os.environ)
    if name in HOST:
        command = ["gcc", *HOST[name].split()]
    else:
        target, words = FOREIGN[name]
        command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *words.split()]
        environ |= {f"ZIG_{kind}_CACHE_DIR": str(directory / "zig") for kind in ("GLOBAL", "LOCAL")}
    subprocess.run([*command, "-o", made], cwd=directory, env=environ, check=True)
    return made


def compile_tiny(directory: Path, style: str) -> bytes:
    """A shared object of a few KiB, complete with versions and a hash table."""
    made = directory / f"tiny-{style}.elf"
    (directory / "tiny.c").write_text(SOURCES["library.c"])
    words = "-shared -fPIC -Os tiny.c -lm -s -nostartfiles -Wl,-z,norelro,-z,noseparate-code"
    words += f" -Wl,-rpath,/a:/b,--hash-style={style}"
    subprocess.run(["gcc", *words.split(), "-o", made], cwd=directory, check=True)
    return made.read_bytes()


NEEDED, HASH, STRTAB, SYMTAB, STRSZ, SONAME = 1, 4, 5, 6, 10, 14
RPATH = 15
GNU_HASH, VERSYM, VERNEED, VERNEEDNUM = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF
LOAD, DYNAMIC, INTERP, NOTE = 1, 2, 3, 4

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")


def forge_elf(dynamic, segments=(), machine=62, **blobs: bytes) -> bytes:
    """A 64-bit little-endian shared object whose addresses are its file offsets.

    ``blobs`` lie one after the other. An entry of ``dynamic`` is (tag, number)
    or (tag, blob's name); of ``segments`` (type, blob's name).
    """
    count = 2 + len(segments)
    image = bytearray(_HEADER.size + _SEGMENT.size * count)
    at: dict[str, int] = {}
    for name, blob in blobs.items():
        at[name] = len(image)
        image += blob + bytes(-len(blob) % 8)
    table = b"".join(struct.pack("<QQ", tag, at.get(value, value)) for tag, value in dynamic)
    start = len(image)
    image += table + bytes(16)
    headers = [(LOAD, 0, len(image)), (DYNAMIC, start, len(table) + 16)]
    headers += [(kind, at[name], len(blobs[name])) for kind, name in segments]
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    _HEADER.pack_into(image, 0, ident, 3, machine, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    for index, (kind, offset, size) in enumerate(headers):
        record = (kind, 4, offset, offset, offset, size, size, 4096)
        _SEGMENT.pack_into(image, 64 + 56 * index, *record)
    return bytes(image)


def forge_symbols(names, section=0) -> bytes:
    """A symbol table: string offsets -> global symbols of ``section`` (0: undefined)."""
    return bytes(24) + b"".join(
        struct.pack("<IBBHQQ", name, 0x12, 0, section, 0, 0) for name in names
    )

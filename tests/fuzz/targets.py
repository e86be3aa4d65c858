"""What is fuzzed: for each reader a function of bytes, and inputs to begin with."""

from __future__ import annotations

import atexit
import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.audit.evidence import audit_members
from felloe.audit.policy.family import read_policies
from felloe.audit.report.document import render_json
from felloe.audit.report.text import render_text
from felloe.audit.verdict import judge
from felloe.audit.waiver import Waiver, WaiverReason, parse_waivers, render_waivers
from felloe.audit.wheel_file import Auditor, WheelAudit
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf
from felloe.check.check import check_wheel
from felloe.check.entry_point_rules import check_entry_points
from felloe.check.metadata_rules import check_metadata
from felloe.check.record_rules import check_record
from felloe.check.sdist_check import check_sdist
from felloe.check.unpack import unpack_wheel
from felloe.config.project import read_project
from felloe.config.settings import read_settings
from felloe.errors import FelloeError
from felloe.repair.linux.ldconfig import parse_cache
from felloe.repair.sbom.document import Component, parse_components, render_sbom
from felloe.wheel.member import Member
from felloe.wheel.record import find_record_problem
from felloe.wheel.sdist_writer import finish_sdist
from felloe.wheel.tags import parse_wheel_name

POLICIES = read_policies()
ROOM = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, ROOM, ignore_errors=True)
WHEEL = "demo-1.0-cp312-abi3-manylinux_2_28_x86_64.whl"
MACOS_WHEEL = "demo-1.0-cp312-abi3-macosx_11_0_universal2.whl"
WINDOWS_WHEEL = "demo-1.0-cp312-cp312-win_amd64.whl"


@dataclass(frozen=True)
class Target:
    """One reader."""

    call: Callable[[bytes], object]
    seeds: Callable[[], Iterator[bytes]]
    longest: int = 1 << 14
    """Bytes of the longest input."""

    def run(self, data: bytes) -> None:
        """The reader's answer, or its own error."""
        with suppress(FelloeError):
            self.call(data)


def audits(wheel: str, *paths: str) -> Callable[[bytes], None]:
    """The whole audit of a wheel that holds an object under each of ``paths``, as it is printed."""
    claim = parse_wheel_name(wheel)

    def audit_object(data: bytes) -> None:
        evidence = audit_members(
            [Member.from_bytes(path, data) for path in paths], POLICIES, claim.libc
        )
        verdict = judge(evidence, claim, claim.libc, POLICIES)
        json.dumps(
            render_json(wheel, WheelAudit(evidence, verdict, ())), ensure_ascii=False
        ).encode()
        render_text(wheel, WheelAudit(evidence, verdict, ())).encode()

    return audit_object


def patch_twice(data: bytes) -> None:
    """Names from the head, the object behind it. A patched object can be patched again."""
    size, *_ = data[:1] or b"\0"
    words = data[1 : 1 + size].decode("utf-8", "replace").split("\n") + [""] * 4
    elf = parse_elf(data[1 + size :])
    needed = dict.fromkeys(elf.needed[:2], words[1])
    edit = Edit(soname=words[0] or None, needed=needed, rpath=words[2], runpath=len(words[3]) > 0)
    once = patch(data[1 + size :], edit)
    assert parse_elf(once) is not None
    assert patch(once, edit) == once, "a second application changed something"


def read_wheel(data: bytes) -> None:
    path = ROOM / WHEEL
    path.write_bytes(data)
    for use in (check, audit, unpack):
        with suppress(FelloeError):
            use(path)


def check(wheel: Path) -> None:
    list(check_wheel(wheel, Auditor(POLICIES)))


def audit(wheel: Path) -> None:
    Auditor(POLICIES).audit_file(wheel)


def unpack(wheel: Path) -> None:
    """Whatever a wheel holds, it is unpacked into its own directory, or not at all."""
    place, beside = ROOM / "unpacked", set(ROOM.iterdir())
    made: set[Path] = set()
    try:
        with suppress(FelloeError):
            made = {unpack_wheel(wheel, place, verified=False)}
        assert set(ROOM.iterdir()) <= {*beside, place}
        assert set(place.glob("*")) == made
        assert not any(path.is_symlink() for path in place.rglob("*"))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def read_wheel_tree(data: bytes) -> None:
    """A zip file that is in order, of names and contents that are not."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in data.split(b"\xff\xfe")[:20]:
            name, _, content = part.partition(b"\n")
            with suppress(UserWarning, ValueError, IndexError):  # zipfile's, in writing
                archive.writestr(name.decode("utf-8", "replace") or "x", content)
    read_wheel(packed.getvalue())


def read_sdist(data: bytes) -> None:
    path = ROOM / "demo-1.0.tar.gz"
    is_tar = not data.startswith(b"\x1f\x8b")  # a fuzzer does not get past the checksum
    path.write_bytes(gzip.compress(data, 1) if is_tar else data)
    list(check_sdist(path))
    place = ROOM / "finished"
    place.mkdir(exist_ok=True)
    with suppress(FelloeError):
        finish_sdist(path, place, 0)


def read_record(data: bytes) -> None:
    find_record_problem(
        Member.from_bytes("RECORD", data), [Member.from_bytes("demo/__init__.py", b"")]
    )
    list(check_record(data, "RECORD", {"demo/__init__.py": 0}, lambda name, by: name + by))


def read_metadata(data: bytes) -> None:
    list(check_metadata(data, "METADATA"))
    list(check_entry_points(data, "entry_points.txt"))


def read_table(data: bytes) -> None:
    (ROOM / "pyproject.toml").write_bytes(data)
    read_settings(read_project(ROOM).felloe, None, {})


def _compiled() -> Iterator[bytes]:
    source = "#include <math.h>\ndouble f(double a) { return pow(a, a); }\nint PyInit_x;\n"
    for options in (["-lm", "-Wl,-soname,libx.so.1"], ["-nostdlib", "-Wl,-rpath,$ORIGIN", "-s"]):
        with tempfile.TemporaryDirectory() as room:
            path = Path(room, "x.so")
            command = ["cc", "-shared", "-fPIC", "-Wl,-z,max-page-size=4096", "-xc", "-"]
            subprocess.run([*command, "-o", path, *options], input=source, text=True, check=True)
            yield path.read_bytes()


def _demanding() -> Iterator[bytes]:
    """Objects that are small and ask for much: one long name often, names times search paths."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from support.elf_samples import NEEDED, RPATH, STRSZ, STRTAB, forge_elf

    for name, repeat in ((b"a" * 4096, 30), (b"b" * 4097, 2), (b"c", 300)):
        strings = b"\0" + name + b"\0" + b":".join([b"/" + name[:40]] * 100) + b"\0"
        dynamic = [(NEEDED, 1)] * repeat + [(RPATH, len(name) + 2)]
        yield forge_elf([*dynamic, (STRTAB, "s"), (STRSZ, len(strings))], s=strings)


def _elves() -> Iterator[bytes]:
    yield from _compiled()
    yield from _demanding()


def _sboms() -> Iterator[bytes]:
    sound = render_sbom("demo", "1.0", "0.1.0", [Component("a.libs/b", "b", "1" * 64, "2" * 64)])
    yield sound
    yield sound.replace(b'"purl"', b'"x": NaN, "purl"')
    yield b'{"components": [{"bom-ref": ' + b"[" * 990 + b"]" * 990 + b"}]}"
    yield b"[" * 8000


def _waiver_records() -> Iterator[bytes]:
    yield render_waivers([Waiver("libcuda.so.1", WaiverReason.DRIVER)])
    yield b'{"version": 1, "waived": ' + b"[" * 990 + b"]" * 990 + b"}"
    yield b'{"version": 1, "waived": [{"library": "x", "reason": NaN}]}'
    yield b"[" * 4000


def _patched() -> Iterator[bytes]:
    for data in _compiled():
        for words in (b"libx.so\nliby.so\n", b"libx-0123456789.so\n\n$ORIGIN\n1"):
            yield bytes([len(words)]) + words + data


def _machos() -> Iterator[bytes]:
    """Heads of files; corpus.zip holds whole ones, made by zig."""
    header = bytes.fromhex("cffaedfe0c00000100000000060000000200000040000000000000000000000000")
    yield header + bytes.fromhex("0d0000001800000018000000020000000000010000000100") + b"/a.dylib\0"
    yield (
        bytes.fromhex("cafebabe00000001 0100000c 00000000 00000020 00000040 0000000c") + header * 2
    )


def _pes() -> Iterator[bytes]:
    """The head of a file; as for Mach-O."""
    stub = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0"
    yield stub + bytes.fromhex("64860100000000000000000000000000f0002220 0b02") + bytes(512)


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _tree() -> dict[str, bytes]:
    head = b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\n"
    return {
        "demo/__init__.py": b"",
        "demo-1.0.dist-info/METADATA": next(_metadata()),
        "demo-1.0.dist-info/WHEEL": head + b"Tag: cp312-abi3-manylinux_2_28_x86_64\n",
        "demo-1.0.dist-info/RECORD": next(_records()),
        "demo/_core.abi3.so": next(_compiled()),
    }


def _wheels() -> Iterator[bytes]:
    yield _zip(_tree())
    yield _zip({})
    twins = ("demo/con.py", "demo/a:b.py", "demo/gr\xfcn", "demo/gru\u0308n")
    yield _zip({**_tree(), **dict.fromkeys(twins, b"")})
    yield _zip({**_tree(), **dict.fromkeys(("demo.libs", "demo.libs/x"), b"")})
    mail = b"Content-Type: message/rfc822\n\n" * 2000
    yield _zip({**_tree(), "demo-1.0.dist-info/WHEEL": mail, "demo-1.0.dist-info/METADATA": mail})


def _trees() -> Iterator[bytes]:
    yield b"\xff\xfe".join(name.encode() + b"\n" + data for name, data in _tree().items())


def _sdists() -> Iterator[bytes]:
    for kind in (tarfile.REGTYPE, tarfile.SYMTYPE):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("demo-1.0/PKG-INFO")
            member.size, member.type, member.linkname = len(next(_metadata())), kind, "../x"
            archive.addfile(member, io.BytesIO(next(_metadata())))
        yield packed.getvalue()
        yield gzip.decompress(packed.getvalue())[:4096]
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
        header = tarfile.TarInfo("x")
        header.type, header.size = kind, 6
        yield (header.tobuf(tarfile.GNU_FORMAT) + b"6 a=b\n".ljust(512, b"\0")) * 3000


def _records() -> Iterator[bytes]:
    yield b"demo/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nRECORD,,\n"
    yield b'"a,b""c",md5=x,-1\r\n'


def _metadata() -> Iterator[bytes]:
    yield (
        b"Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nRequires-Python: >=3.9\n"
        b"Requires-Dist: x[y]>=1; python_version<'3.12'\nLicense-Expression: MIT\n"
        b"Provides-Extra: y\nProject-URL: a, https://example.org\n\nText.\n"
    )
    yield b"[console_scripts]\ndemo = demo:main [x]\n"
    yield b"Metadata-Version: 2.4\n" + b"Content-Type: message/rfc822\n\n" * 2000
    yield b"Description-Content-Type: text/x-rst\n\n" + b"`x <" * 50 + b"\n.. x::\n"


def _tables() -> Iterator[bytes]:
    yield b'[tool.felloe]\nplatform = "manylinux_2_28"\nlibraries.exclude = ["a*"]\ncache = true\n'
    yield b'[tool.felloe.libraries.provided-by]\ntorch = ["libtorch*"]\n[tool.felloe.ci]\nx = 1\n'
    yield b'[tool.felloe]\nstrip = "debug"\ncache-limit = "1.5 GB"\nlibraries.include = ["a"]\n'
    yield b'[tool.felloe]\ntarget = "auto"\ntoolchain = "zig"\nsysroot = "/"\nstdlib = "libc++"\n'


def _caches() -> Iterator[bytes]:
    cache = Path("/etc/ld.so.cache")
    yield cache.read_bytes()[:8192] if cache.is_file() else b"glibc-ld.so.cache1.1"


def read_kept() -> Iterator[tuple[str, str, bytes]]:
    """Target, name and bytes of each input that was found worth keeping."""
    with zipfile.ZipFile(Path(__file__).with_name("corpus.zip")) as archive:
        for path in archive.namelist():
            target, _, name = path.partition("/")
            yield target, name, archive.read(path)


TARGETS = {
    "elf": Target(audits(WHEEL, "demo/_core.abi3.so", "demo/libx.so"), _elves, 1 << 15),
    "patch": Target(patch_twice, _patched, 1 << 15),
    "macho": Target(audits(MACOS_WHEEL, "demo/_core.abi3.so", "demo/libx.dylib"), _machos, 1 << 15),
    "pe": Target(audits(WINDOWS_WHEEL, "demo/_core.pyd", "demo/x.dll"), _pes),
    "wheel": Target(read_wheel, _wheels, 1 << 15),
    "wheel-tree": Target(read_wheel_tree, _trees, 1 << 15),
    "sdist": Target(read_sdist, _sdists),
    "record": Target(read_record, _records, 4096),
    "metadata": Target(read_metadata, _metadata, 4096),
    "settings": Target(read_table, _tables, 4096),
    "sbom": Target(parse_components, _sboms, 1 << 13),
    "waivers": Target(parse_waivers, _waiver_records, 4096),
    "ldconfig": Target(parse_cache, _caches),
}

if __name__ == "__main__":  # replay files: targets.py TARGET FILE…
    for name in sys.argv[2:]:
        TARGETS[sys.argv[1]].run(Path(name).read_bytes())

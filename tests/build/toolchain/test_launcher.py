"""Compiler commands as zig understands them, and programs of the target."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from felloe.build.toolchain.launcher import Compiler, Zig, render_compiler, render_run_target


@pytest.fixture
def compile_words(tmp_path):
    """What reaches zig of a command for its C compiler: a program that prints its words."""

    def compile_words(command, triple="x86_64-linux-gnu.2.17", system="linux"):
        fake = tmp_path / "with space" / "zig"
        fake.parent.mkdir(exist_ok=True)
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        fake.chmod(0o755)
        zig = Zig("0.17.0", fake, tmp_path / "lib", tmp_path / "cache")
        launcher = tmp_path / "zig-cc"
        launcher.write_text(render_compiler(zig, Compiler("cc", triple, system, ("-word",))))
        launcher.chmod(0o755)
        done = subprocess.run(
            [str(launcher), *shlex.split(command)],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
        if done.returncode:
            return done.stderr
        words = done.stdout.splitlines()
        head = ["cc", "-target", triple, "-word"]
        assert words[:4] == head
        assert words[-2:] == ["-isystem", f"{tmp_path}/include"]
        return shlex.join(words[4:-2])

    return compile_words


@pytest.mark.parametrize(
    ("command", "reaches"),
    [
        ("a.c", "-s a.c"),
        ("'a b.c' -DX='\"y z\"'", "-s 'a b.c' '-DX=\"y z\"'"),
        ("-g a.c", "-g a.c"),
        ("-g0 a.c", "-s -g0 a.c"),
        ("-mtune=native -flto=auto -fuse-ld=gold a.c", "-s a.c"),
        ("-target x86_64-linux-musl a.c", "-s a.c"),
        ("-march=x86-64-v3 a.c", "-s -march=x86_64_v3 a.c"),
        ("-march=skylake-avx512 a.c", "-s -march=skylake_avx512 a.c"),
        ("-march=haswell a.c", "-s -march=haswell a.c"),
        ("-Wp,-D_FORTIFY_SOURCE=2 -Wp,-MD,x a.c", "-s -D_FORTIFY_SOURCE=2 -Wp,-MD,x a.c"),
        ("-Wl,--exclude-libs,ALL a.o", "-s a.o"),
        ("-Wl,--gc-sections,--exclude-libs,ALL,-O1 a.o", "-s -Wl,--gc-sections,-O1 a.o"),
        ("-Wl,--exclude-libs=ALL,-z,text,-z,relro a.o", "-s -Wl,-z,relro a.o"),
        ("-Wl,-rpath,/x:/y -Wl,-soname,z.so", "-s -Wl,-rpath,/x:/y -Wl,-soname,z.so"),
        ("-Wl,-Map=x.map a.o -static-libgcc", "-s a.o"),
        ("-Wl,--version-script=a.map", "-s -Wl,--version-script=a.map"),
    ],
)
def test_what_zig_does_not_take_is_taken_out(compile_words, command, reaches):
    assert compile_words(command) == reaches


@pytest.mark.parametrize(
    ("command", "reaches"),
    [
        ("-march=armv8-a a.c", "-s -mcpu=generic a.c"),
        ("-march=armv8-a+crc+simd a.c", "-s -mcpu=generic+crc+neon a.c"),
        ("-march=armv8.2-a+fp16 a.c", "-s -mcpu=generic+v8_2a+fullfp16 a.c"),
        ("-march=armv9.1-a a.c", "-s -mcpu=generic+v9_1a a.c"),
        ("-fcf-protection=full a.c", "-s a.c"),
    ],
)
def test_processors_of_arm_are_spelled_in_zigs_way(compile_words, command, reaches):
    assert compile_words(command, "aarch64-linux-gnu.2.17") == reaches


def test_a_bundle_is_a_dynamic_library_for_zig(compile_words):
    assert compile_words("-bundle a.o", "aarch64-macos.11.0-none", "macos") == "-s -dynamiclib a.o"
    assert compile_words("-bundle a.o") == "-s -bundle a.o"


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("-fopenmp", ("OpenMP", "std::thread")),
        ("-fopenmp=libomp", ("OpenMP",)),
        ("-lgomp", ("OpenMP",)),
        ("-lgfortran", ("Fortran",)),
        ("-fsanitize=address,undefined", ("sanitizer",)),
        ("-march=native", ("every machine", "at run time")),
        ("-m32", ("`target`",)),
        ("-Wl,--gc-sections,--defsym=a=b", ("define them in C",)),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(compile_words, flag, words):
    said = compile_words(f"{flag} a.c")
    assert said.startswith("felloe: error: -")
    assert all(word in said for word in words)
    assert said.count("\n") == 1


def test_programs_of_this_machine_run_as_they_are(tmp_path):
    launcher = tmp_path / "run-target"
    launcher.write_text(render_run_target("b700", "aarch64", ""))
    launcher.chmod(0o755)
    done = subprocess.run(
        [launcher, "echo", "a b", "c"], check=True, capture_output=True, text=True
    )
    assert done.stdout == "a b c\n"


def test_programs_of_the_target_run_in_qemu(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes(14) + b"\xb7\x00" + bytes(44))
    program.chmod(0o755)
    qemu = tmp_path / "qemu-aarch64-static"
    qemu.write_text('#!/bin/sh\necho "qemu $@"\n')
    qemu.chmod(0o755)
    launcher = tmp_path / "run-target"
    launcher.write_text(render_run_target("b700", "aarch64", "/root of it"))
    launcher.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        [launcher, program, "word"], check=True, capture_output=True, text=True, env=environ
    )
    assert done.stdout == f"qemu -L /root of it {program} word\n"

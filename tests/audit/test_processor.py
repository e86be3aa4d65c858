"""Instructions that an import of a module reaches on every processor, decoded."""

from __future__ import annotations

import subprocess

import pytest

from felloe.binary.elf.memory import LoadedObject

pytestmark = pytest.mark.tools("iced-x86")

KERNEL = """
#define V3 __attribute__((target("avx2,fma"), noinline))
float data[64], sum;
static V3 void run_v3(void) { for (int i = 0; i < 64; i++) data[i] = data[i] * sum + sum; }
__attribute__((noinline)) static void run_v1(void) { for (int i = 0; i < 64; i++) sum += data[i]; }
"""
INIT = "void *PyInit_m(void) { %s return 0; }"

DISPATCHED = {
    "builtin": INIT % 'if (__builtin_cpu_supports("avx2")) run_v3(); else run_v1();',
    "cached": """
static int has_avx2;
__attribute__((constructor)) static void ask(void) {
  __builtin_cpu_init(); has_avx2 = __builtin_cpu_supports("avx2") != 0;
}
void *PyInit_m(void) { if (has_avx2) run_v3(); else run_v1(); return 0; }
""",
    "getter": """
static int has_avx2 = -1;
void set(int answer) { has_avx2 = answer; }
__attribute__((noinline)) static int can(void) { return has_avx2; }
void *PyInit_m(void) { if (can() > 0) run_v3(); else run_v1(); return 0; }
""",
    "cpuid": """
#include <cpuid.h>
void *PyInit_m(void) {
  unsigned a, b, c, d;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && b & 32) run_v3(); else run_v1();
  return 0;
}
""",
    "pointer": """
static void (*kernel)(void) = run_v1;
void choose(int level) { kernel = level ? run_v3 : run_v1; }
void *PyInit_m(void) { kernel(); return 0; }
""",
    "clones": """
__attribute__((target_clones("avx2", "default"))) void scale(void) {
  for (int i = 0; i < 64; i++) data[i] *= sum;
}
void *PyInit_m(void) { scale(); return 0; }
""",
    "unused": INIT % "run_v1();" + "\nvoid kernel_v3(void) { run_v3(); }",
}
REACHED = {
    "init": (INIT % "run_v3();", "PyInit_m"),
    "either-way": (INIT % "if (sum > 1) run_v1(); run_v3();", "PyInit_m"),
    "constructor": (
        "__attribute__((constructor)) static void first(void) { run_v3(); }\n" + INIT % "",
        "constructor",
    ),
    "exported": ("void helper(void) { run_v3(); }\n" + INIT % "helper();", "PyInit_m"),
    "slot": (
        """
struct slot { long id; void *value; };
struct definition { long base[5]; const char *name, *doc; long size; void *methods;
                    struct slot *slots; };
static int execute(void *module) { run_v3(); return 0; }
static struct slot slots[] = {{2, execute}, {0, 0}};
struct definition definition = {.name = "m", .slots = slots};
void *PyInit_m(void) { return &definition; }
""",
        "PyInit_m",
    ),
}


@pytest.fixture
def reached(tmp_path):
    from felloe.audit.processor.reach import find_reached

    def compile_and_find(source, *options, level=1):
        (tmp_path / "m.c").write_text(KERNEL + source)
        command = ["gcc", "-O2", "-shared", "-fPIC", *options, "m.c", "-o", "m.so"]
        subprocess.run(command, cwd=tmp_path, check=True)
        return find_reached(LoadedObject((tmp_path / "m.so").read_bytes()), level)

    return compile_and_find


@pytest.mark.parametrize("name", DISPATCHED)
def test_dispatched_code_is_no_fault(name, reached):
    assert reached(DISPATCHED[name]) == []


@pytest.mark.parametrize("name", REACHED)
def test_code_that_an_import_runs_is_found(name, reached):
    source, root = REACHED[name]
    (found,) = reached(source)
    assert found.root == root
    assert found.use.feature in ("AVX", "AVX2", "FMA")
    assert found.use.level == 3


def test_a_module_compiled_for_newer_processors_is_found(reached):
    source = INIT % "for (int i = 0; i < 64; i++) data[i] *= sum;"
    assert reached(source) == []
    assert [item.root for item in reached(source, "-O3", "-march=x86-64-v3")] == ["PyInit_m"]
    assert reached(source, "-O3", "-march=x86-64-v3", level=3) == []


@pytest.mark.tools("lld")
def test_packed_relocations_are_followed(reached):
    source, _ = REACHED["slot"]
    assert reached(source, "-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr")

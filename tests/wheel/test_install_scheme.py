"""The places of a wheel's files once installed."""

from __future__ import annotations

import os
import sys
import sysconfig

import pytest

from felloe.wheel.install_scheme import POSIX, WINDOWS

SITE = POSIX.site_packages


@pytest.mark.parametrize(
    ("member", "posix", "windows"),
    [
        ("pkg/m.so", f"{SITE}/pkg/m.so", "Lib/site-packages/pkg/m.so"),
        ("m.so", f"{SITE}/m.so", "Lib/site-packages/m.so"),
        ("n_x-1.0.data/platlib/m.so", f"{SITE}/m.so", "Lib/site-packages/m.so"),
        ("n_x-1.0.data/purelib/a/m.so", f"{SITE}/a/m.so", "Lib/site-packages/a/m.so"),
        ("n_x-1.0.data/scripts/run", "bin/run", "Scripts/run"),
        ("n.x-1.0.data/scripts/a/run", "bin/a/run", "Scripts/a/run"),
        ("n_x-1.0.data/data/lib/x.so", "lib/x.so", "lib/x.so"),
        ("n_x-1.0.data/data/x.so", "x.so", "x.so"),
        ("n_x-1.0.data/headers/x.h", "include/site/python3/n_x/x.h", "Include/n_x/x.h"),
        ("n_x-1.0.data", f"{SITE}/n_x-1.0.data", "Lib/site-packages/n_x-1.0.data"),
        ("pkg.data.d/m.so", f"{SITE}/pkg.data.d/m.so", "Lib/site-packages/pkg.data.d/m.so"),
    ],
)
def test_members_are_located(member, posix, windows):
    assert POSIX.locate(member) == posix
    assert WINDOWS.locate(member) == windows


@pytest.mark.skipif(os.name == "nt", reason="states a fact of POSIX")
def test_the_depth_is_that_of_this_interpreter():
    variables = dict.fromkeys(("base", "platbase", "installed_base"), "/env")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    paths = sysconfig.get_paths("posix_prefix", variables)
    assert paths["purelib"] == f"/env/{SITE}".replace("python3", version)
    assert (paths["scripts"], paths["data"]) == ("/env/bin", "/env")


@pytest.mark.parametrize(
    ("home", "relative", "place"),
    [
        (f"{SITE}/pkg", "../../..", "lib"),
        (f"{SITE}/pkg", "/..//own/", f"{SITE}/own"),
        ("bin", "../lib", "lib"),
        ("bin", "..", ""),
        ("bin", "../lib/python3.12/site-packages/pkg", f"{SITE}/pkg"),
        ("bin", "../lib64/pypy3.11/site-packages", SITE),
        ("bin", "../lib/python3.12/lib-dynload", "lib/python3.12/lib-dynload"),
        ("", ".", ""),
        ("bin", "../..", None),
        ("", "../lib", None),
    ],
)
def test_relative_paths_stay_in_the_environment(home, relative, place):
    assert POSIX.resolve(home, relative) == place


@pytest.mark.parametrize(
    ("home", "directory", "path"),
    [
        (f"{SITE}/pkg", f"{SITE}/own", "../own"),
        (f"{SITE}/pkg", "lib", "../../.."),
        ("bin", "lib/x.libs", "../lib/x.libs"),
        ("", "lib", "lib"),
        ("lib", "", ".."),
        ("lib", "lib", "."),
        ("bin", f"{SITE}/pkg", None),
        ("lib", SITE, None),
        ("include/site/python3/x", SITE, None),
        ("include/site/python3/x", "lib", "../../../../lib"),
    ],
)
def test_a_path_that_depends_on_the_version_is_none(home, directory, path):
    assert POSIX.find_path(home, directory) == path


def test_on_windows_no_directory_depends_on_the_version():
    assert WINDOWS.find_path("Scripts", WINDOWS.site_packages) == "../Lib/site-packages"

"""Which environments vanish, and what programs are told when they run from another place."""

import pytest

from felloe.build.environment.origin import find_origin, relocate, relocate_config

PIP = "/tmp/pip-build-env-cu48j9lk"
PIP_PATH = [
    f"{PIP}/site",
    "/usr/lib/python3.11",
    f"{PIP}/overlay/lib/python3.11/site-packages",
    f"{PIP}/normal/lib/python3.11/site-packages",
]
UV = "/home/me/.cache/uv/builds-v0/.tmpYlQ0Ix"
BUILD = "/tmp/build-env-t98_ntwq"
PLACE = "/cache/environments/ab"


def find(prefix, path):
    return find_origin("python", "/usr/bin/python3.11", "3.11", prefix, path)


@pytest.mark.parametrize(
    ("prefix", "path", "root", "sites"),
    [
        ("/usr", PIP_PATH, PIP, PIP_PATH[2:]),
        (
            "/usr",
            [f"{PIP}/site", f"{PIP}/overlay/local/lib/python3.11/dist-packages"],
            PIP,
            [f"{PIP}/overlay/local/lib/python3.11/dist-packages"],
        ),
        (
            UV,
            ["", ".", "/usr/lib/python3.11", f"{UV}/lib/python3.11/site-packages"],
            UV,
            [f"{UV}/lib/python3.11/site-packages"],
        ),
        (
            BUILD,
            [f"{BUILD}/lib/python3.11/site-packages", "/home/me/lib/site-packages"],
            BUILD,
            [f"{BUILD}/lib/python3.11/site-packages"],
        ),
    ],
    ids=["pip", "pip of Debian", "uv", "build"],
)
def test_frontends_are_known_by_their_names(prefix, path, root, sites):
    origin = find(prefix, path)
    assert origin.vanishes
    assert origin.roots == (root,)
    assert list(origin.sites) == sites


@pytest.mark.parametrize("prefix", ["/usr", "/home/me/venv", "/tmp/my-env", "/tmp/pip-build-env"])
def test_another_environment_stays(prefix):
    origin = find(prefix, [f"{prefix}/lib/python3.11/site-packages"])
    assert not origin.vanishes
    assert origin.sites == (f"{prefix}/lib/python3.11/site-packages",)


def test_programs_of_pips_environment_are_found_in_the_other():
    environ = {
        "PATH": f"{PIP}/overlay/bin:{PIP}/normal/bin:/usr/bin",
        "PYTHONPATH": f"{PIP}/site",
        "VIRTUAL_ENV": "/home/me/venv",
        "PYTHONNOUSERSITE": "1",
        "pybind11_DIR": f"{PIP_PATH[2]}/pybind11/share/cmake/pybind11",
        "HOME": "/root",
    }
    assert relocate(environ, find("/usr", PIP_PATH), PLACE) == {
        "PATH": f"{PLACE}/bin:/usr/bin",
        "VIRTUAL_ENV": PLACE,
        "PYTHONNOUSERSITE": "1",
        "pybind11_DIR": f"{PLACE}/lib/python3.11/site-packages/pybind11/share/cmake/pybind11",
        "HOME": "/root",
    }


def test_config_settings_name_the_other_place():
    site = PIP_PATH[3]
    config = {"a": f"-I{site}/x;{PIP}/normal/bin/zig", "b": [f"{site}/y", "z"], "c": True}
    assert relocate_config(config, find("/usr", PIP_PATH), PLACE) == {
        "a": f"-I{PLACE}/lib/python3.11/site-packages/x;{PLACE}/bin/zig",
        "b": [f"{PLACE}/lib/python3.11/site-packages/y", "z"],
        "c": True,
    }
    assert relocate_config(None, find("/usr", PIP_PATH), PLACE) is None


def test_what_the_user_put_on_pythonpath_stays():
    environ = {"PYTHONPATH": f"{PIP}/site:/home/me/lib", "PATH": "/usr/bin"}
    assert relocate(environ, find("/usr", PIP_PATH), PLACE)["PYTHONPATH"] == "/home/me/lib"


@pytest.mark.parametrize("root", [UV, BUILD])
def test_virtual_environments_are_replaced(root):
    origin = find(root, [f"{root}/lib/python3.11/site-packages"])
    environ = {"PATH": f"{root}/bin:/usr/bin", "VIRTUAL_ENV": root, "PYTHONPATH": ""}
    moved = relocate(environ, origin, PLACE)
    assert moved == {"PATH": f"{PLACE}/bin:/usr/bin", "VIRTUAL_ENV": PLACE}


def test_a_name_that_only_begins_alike_is_another():
    origin = find(BUILD, [f"{BUILD}/lib/python3.11/site-packages"])
    assert not origin.owns(f"{BUILD}x/bin")
    assert relocate({"PATH": f"{BUILD}x/bin"}, origin, PLACE)["PATH"] == f"{BUILD}x/bin"

"""The SBOM against CycloneDX's own schema."""

import json
import random

import pytest

from felloe.repair.sbom.document import Component, render_sbom
from felloe.repair.sbom.package import SystemPackage

DEBIAN = ("debian", "12")


def find_error(text):
    """What CycloneDX's own validator has against a document; None if nothing."""
    from cyclonedx.schema import SchemaVersion  # takes seconds
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


ZLIB = SystemPackage("deb", "zlib1g", "1:1.2.13.dfsg-1", "amd64", *DEBIAN, ("Zlib",))
ODD = SystemPackage(
    "deb",
    "libodd++",
    "1:2~rc1+b1",
    "amd64",
    "",
    "",
    ("", "GPL-2.0-or-later OR MIT", "public-domain", 'Ödd "license"\n', "public-domain", "MIT"),
)


def component(number, package=None, **changes):
    values = {
        "path": f"felloe.libs/libx-{number}.so.1",
        "soname": "libx.so.1",
        "original_sha256": f"{number:064x}",
        "sha256": f"{number + 1:064x}",
    }
    return Component(**{**values, **changes}).with_package(package)


ONE_LICENSE = [
    ("MIT", {"license": {"id": "MIT"}}),
    ("expat", {"license": {"id": "MIT"}}),
    ("LGPL-2.1+ and (MIT or Zlib)", {"expression": "LGPL-2.1-or-later AND (MIT OR Zlib)"}),
    ("GPL-3+ with GCC-exception-3.1", {"expression": "GPL-3.0-or-later WITH GCC-exception-3.1"}),
    ("BSD-like", {"license": {"name": "BSD-like"}}),
    ("MIT and something", {"license": {"name": "MIT and something"}}),
]


def licensed(*licenses):
    return SystemPackage("apk", "x", "1-r0", "x86_64", "alpine", "3.20", licenses)


DOCUMENTS = {
    "nothing": [],
    "package unknown": [component(1)],
    "package known": [component(1, ZLIB)],
    "version known": [component(1, ZLIB, version="1.2.13"), component(2, version="1.2")],
    "odd licenses": [component(1, ODD)],
    "odd names": [component(1, path='a b/"ü"\\udc80.so', soname="lib\\xff\N{SNOWMAN}\udc80.so")],
    "one package twice": [component(1, ZLIB), component(2, ZLIB)],
    "one file twice": [component(1, ZLIB), component(1, ZLIB, path="felloe.libs/liby.so")],
    **{text: [component(1, licensed(text))] for text, _ in ONE_LICENSE},
}


def render(components):
    return render_sbom("Felloe_Example", "1.0+local.1", "0.1.0", components)


@pytest.mark.tools("cyclonedx")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_fit_the_schema(name):
    text = render(DOCUMENTS[name]).decode("ascii")
    assert find_error(text) is None


@pytest.mark.tools("cyclonedx")
def test_the_schema_is_looked_at():
    text = render([component(1)]).decode().replace("SHA-256", "SHA-255")
    assert find_error(text) is not None


def test_a_component_says_what_it_was():
    (found,) = json.loads(render([component(1, ZLIB)]))["components"]
    assert found == {
        "type": "library",
        "bom-ref": "felloe.libs/libx-1.so.1",
        "name": "libx.so.1",
        "version": "1:1.2.13.dfsg-1",
        "hashes": [{"alg": "SHA-256", "content": f"{2:064x}"}],
        "licenses": [{"license": {"id": "Zlib"}}],
        "purl": "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12",
        "pedigree": {
            "ancestors": [
                {
                    "type": "file",
                    "name": "libx.so.1",
                    "hashes": [{"alg": "SHA-256", "content": f"{1:064x}"}],
                }
            ],
            "notes": "copied by felloe, which may have changed names in its dynamic section",
        },
        "properties": [
            {"name": "felloe:path", "value": "felloe.libs/libx-1.so.1"},
            {"name": "felloe:soname", "value": "libx.so.1"},
        ],
    }


def test_without_a_package_a_component_still_has_its_hash():
    (found,) = json.loads(render([component(1)]))["components"]
    assert {"hashes", "pedigree", "properties"} < found.keys()
    assert not {"version", "licenses", "purl"} & found.keys()


def test_the_wheel_is_what_depends_on_them():
    document = json.loads(render([component(2), component(1)]))
    wheel = document["metadata"]["component"]
    assert (wheel["name"], wheel["version"]) == ("Felloe_Example", "1.0+local.1")
    assert wheel["purl"] == "pkg:pypi/felloe-example@1.0%2Blocal.1"
    names = [f"felloe.libs/libx-{number}.so.1" for number in (1, 2)]
    assert [item["bom-ref"] for item in document["components"]] == names
    assert document["dependencies"][0] == {"ref": wheel["bom-ref"], "dependsOn": names}
    assert document["metadata"]["tools"]["components"][0]["version"] == "0.1.0"


@pytest.mark.parametrize(("text", "expected"), ONE_LICENSE)
def test_one_license(text, expected):
    (found,) = json.loads(render([component(1, licensed(text))]))["components"]
    assert found["licenses"] == [expected]


def test_several_licenses_are_listed_once_each():
    (found,) = json.loads(render([component(1, ODD)]))["components"]
    assert found["licenses"] == [
        {"license": {"name": "GPL-2.0-or-later OR MIT"}},
        {"license": {"name": "public-domain"}},
        {"license": {"name": 'Ödd "license"\n'}},
        {"license": {"id": "MIT"}},
    ]


def test_equal_components_give_equal_bytes():
    components = [component(number, ZLIB) for number in range(20)]
    first = render(components)
    random.Random(0).shuffle(components)
    assert render(iter(components)) == first
    assert first.endswith(b"}\n")
    assert b"serialNumber" not in first
    assert b"timestamp" not in first

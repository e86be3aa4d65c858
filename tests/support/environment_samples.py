"""Site directories as installers leave them."""

from __future__ import annotations

import base64
import hashlib
import os
import sys

from felloe.build.environment.origin import Origin

SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def hash_of(data):
    digest = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def install(  # noqa: PLR0913 - what installers differ in
    prefix, name="demo", version="1.0", *, files=None, by="pip", hashed=True
):
    """A distribution in a prefix, as pip or uv would have written it.

    ``files`` are by their path below the site directory; those below ``bin`` begin with ``../``.
    """
    place = prefix / SITE
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/__init__.py": b"", **(files or {})}
    files[f"{info}/METADATA"] = f"Name: {name}\nVersion: {version}\n".encode()
    files[f"{info}/INSTALLER"] = by.encode()
    if by == "pip":
        files[f"{info}/direct_url.json"] = os.urandom(4)
        files[f"{name}/__pycache__/__init__.cpython-311.pyc"] = os.urandom(4)
    rows = []
    for path, data in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        rows.append(f"{path},{hash_of(data) if hashed else ''},{len(data) if hashed else ''}")
    (place / info / "RECORD").write_text("\n".join([*rows, f"{info}/RECORD,,", ""]))
    return place


def origin_of(*sites, roots=()):
    """The origin of this process's interpreter with these site directories."""
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    roots = roots or tuple(str(site.parents[2]) for site in sites)
    return Origin(sys.executable, base, "an interpreter", tuple(map(str, sites)), roots)

"""Translate the license names of distributions into SPDX identifiers and expressions.

Sources: the SPDX license list and annex "SPDX license expressions", Debian's
machine-readable copyright format 1.0 (DEP-5), Fedora's short names of old.
"""

from __future__ import annotations

import re

_IDENTIFIERS = """
    0BSD AFL-2.1 Apache-1.1 Apache-2.0 Artistic-2.0 BSD-1-Clause BSD-2-Clause BSD-3-Clause
    BSD-4-Clause BSL-1.0 bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0
    CDDL-1.0 curl EPL-1.0 EPL-2.0 FTL HPND ICU IJG ISC Libpng libtiff MIT MIT-0 MIT-CMU MPL-1.1
    MPL-2.0 NCSA NTP OFL-1.1 OLDAP-2.8 OpenSSL PostgreSQL PSF-2.0 Python-2.0 Sleepycat
    Unicode-DFS-2016 Unlicense W3C WTFPL X11 Zlib zlib-acknowledgement ZPL-2.1
"""
# GNU's come as "this version" and "this or later", and under more names than most.
_FAMILIES = {
    "GPL": ("1.0", "2.0", "3.0"),
    "LGPL": ("2.0", "2.1", "3.0"),
    "AGPL": ("3.0",),
    "GFDL": ("1.1", "1.2", "1.3"),
}
_OTHER_NAMES = {
    "asl 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "boost": "BSL-1.0",
    "bsl-1": "BSL-1.0",
    "cc0": "CC0-1.0",
    "expat": "MIT",
    "mit-expat": "MIT",
    "mit/x11": "X11",
    "mplv1.1": "MPL-1.1",
    "mplv2.0": "MPL-2.0",
    "openldap-2.8": "OLDAP-2.8",
    "psf-2": "PSF-2.0",
    "python": "Python-2.0",
}
_EXCEPTIONS = """
    Autoconf-exception-2.0 Autoconf-exception-3.0 Bison-exception-2.2 Classpath-exception-2.0
    Font-exception-2.0 GCC-exception-2.0 GCC-exception-3.1 Libtool-exception
    Linux-syscall-note LLVM-exception
"""


def _name_identifiers() -> dict[str, str]:
    names = {word.lower(): word for word in _IDENTIFIERS.split()} | _OTHER_NAMES
    for family, versions in _FAMILIES.items():
        for version in versions:
            only, later = f"{family}-{version}-only", f"{family}-{version}-or-later"
            for short in {version, version.removesuffix(".0")}:
                for name in (f"{family}-{short}", f"{family}v{short}"):
                    names |= {name.lower(): only, f"{name.lower()}+": later}
            names |= {only.lower(): only, later.lower(): later}
    return names


_NAMES = _name_identifiers()
_EXCEPTION_NAMES = {word.lower(): word for word in _EXCEPTIONS.split()}


def find_identifier(text: str) -> str | None:
    """Return the SPDX identifier of the one license that ``text`` names; None if unknown."""
    return _NAMES.get(text.strip().lower())


def find_expression(text: str) -> str | None:
    """Return the SPDX expression for ``text``, or None if a part of it is unknown.

    ``text`` is a name, or names joined by ``and`` and ``or``, of which
    ``and`` binds first, as in SPDX.
    """
    single = find_identifier(text)
    if single is not None:
        return single
    words: list[str] = []
    depth, expected = 0, "license"
    for word in re.findall(r"[()]|[^\s()]+", text):
        low = word.lower()
        if expected == "license" and word == "(":
            depth += 1
            words.append(word)
        elif expected == "license" and low in _NAMES:
            expected = "operator"
            words.append(_NAMES[low])
        elif expected == "exception" and low in _EXCEPTION_NAMES:
            expected = "operator"
            words.append(_EXCEPTION_NAMES[low])
        elif expected == "operator" and word == ")" and depth:
            depth -= 1
            words.append(word)
        elif expected == "operator" and low in ("and", "or", "with"):
            expected = "exception" if low == "with" else "license"
            words.append(low.upper())
        else:
            return None
    if depth or expected != "operator":
        return None
    return " ".join(words).replace("( ", "(").replace(" )", ")")


def parse_copyright(text: str) -> tuple[str, ...]:
    """Return the licenses of a Debian package's files, each once, in the order of the file.

    They are SPDX expressions where these are known, else the short names. The result
    is empty if ``text`` is not a machine-readable copyright file. Licenses of files
    below ``debian/`` only do not count.
    """
    stanzas = [_fields(stanza) for stanza in re.split(r"\n[ \t]*\n", text)]
    if "copyright-format" not in stanzas[0].get("format", ""):
        return ()
    found: dict[str, None] = {}
    for fields in stanzas:
        files = fields.get("files", "").split()
        name = fields.get("license", "").partition("\n")[0].strip()
        if name and not all(file.startswith("debian/") for file in files):
            found[find_expression(name) or name] = None
    return tuple(found)


def _fields(stanza: str) -> dict[str, str]:
    """Return the fields of a stanza by lower-case name, each value with its lines unchanged."""
    fields = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
    return {name.lower(): value for name, value in fields}

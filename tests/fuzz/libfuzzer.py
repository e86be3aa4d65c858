"""One run of libFuzzer: libfuzzer.py TARGET OPTION… CORPUS. fuzz.py calls it."""

import sys

import atheris

with atheris.instrument_imports(include=["felloe", "targets"]):
    import targets

program, name, *options = sys.argv
atheris.Setup([program, *options], targets.TARGETS[name].run)
atheris.Fuzz()

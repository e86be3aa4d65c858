"""Coverage-guided fuzzing of everything that reads what a stranger wrote.

    python3 -m pip install atheris .
    python3 tests/fuzz/fuzz.py TARGET [--minutes N] [--corpus DIRECTORY]

A target takes bytes and must end with an answer or a FelloeError, within seconds and a
bounded memory: libFuzzer stops at anything else and leaves the input in its directory.
It begins with the seeds of targets.py and the inputs of corpus.zip, which
tests/unit/test_fuzz_corpus.py replays.
"""

import argparse
import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
LIMITS = ["-timeout=10", "-rss_limit_mb=1500", "-print_final_stats=1"]

sys.path.insert(0, str(HERE))
with atheris.instrument_imports(include=["felloe", "targets"]):
    import targets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=sorted(targets.TARGETS))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--corpus", type=Path, help="where new inputs are kept, and are taken from")
    options = parser.parse_args()
    target = targets.TARGETS[options.target]
    corpus = options.corpus or Path("fuzz-corpus") / options.target
    findings = corpus.with_name(f"{corpus.name}-findings")
    for directory in (corpus, findings):
        directory.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    for kind, name, kept in targets.read_kept():
        if kind == options.target:
            (corpus / name).write_bytes(kept)
    atheris.Setup(
        [
            sys.argv[0],
            *LIMITS,
            f"-max_len={target.longest}",
            f"-max_total_time={int(options.minutes * 60)}",
            f"-artifact_prefix={findings}/",
            str(corpus),
        ],
        target.run,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()

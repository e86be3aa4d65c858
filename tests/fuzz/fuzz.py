"""Coverage-guided fuzzing of everything that reads what a stranger wrote.

    python3 -m pip install atheris .
    python3 tests/fuzz/fuzz.py TARGET [--minutes N] [--corpus DIRECTORY]

A target takes bytes and must end with an answer or a FelloeError, within seconds and a
bounded memory: libFuzzer (libfuzzer.py) stops at anything else and leaves the input in a
directory beside the corpus. It begins with the seeds of targets.py and the inputs of
corpus.zip, which tests/fuzz/test_fuzz_corpus.py replays. The minutes are of the
processor, so that a busy machine does not make them worth less.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import targets

LIBFUZZER = Path(__file__).with_name("libfuzzer.py")
LIMITS = ["-timeout=10", "-rss_limit_mb=1500", "-print_final_stats=1"]
ROUND = 600
"""Seconds after which libFuzzer begins anew, from what it has kept."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=sorted(targets.TARGETS))
    parser.add_argument("--minutes", type=float, default=30, help="of the processor; 30")
    parser.add_argument("--corpus", type=Path, help="where new inputs are kept, and are taken from")
    options = parser.parse_args()
    corpus = options.corpus or Path("fuzz-corpus") / options.target
    findings = corpus.with_name(f"{corpus.name}-findings")
    for directory in (corpus, findings):
        directory.mkdir(parents=True, exist_ok=True)
    sow(options.target, corpus)
    tried = 0
    while (left := options.minutes * 60 - spent()) > 0:
        code, inputs = fuzz(options.target, corpus, findings, min(ROUND, int(left) + 1))
        tried += inputs
        print(f"{options.target}: {tried} inputs in {spent() / 60:.1f} CPU minutes", flush=True)
        if code:
            print(f"libFuzzer ended with {code}; what it found is in {findings}", file=sys.stderr)
            return code
    return 0


def sow(name: str, corpus: Path) -> None:
    for number, seed in enumerate(targets.TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    for target, file, kept in targets.read_kept():
        if target == name:
            (corpus / file).write_bytes(kept)


def fuzz(name: str, corpus: Path, findings: Path, seconds: int) -> tuple[int, int]:
    """libFuzzer's exit code, and how many inputs it tried."""
    options = [
        *LIMITS,
        f"-max_len={targets.TARGETS[name].longest}",
        f"-max_total_time={seconds}",
        f"-artifact_prefix={findings}/",
    ]
    command = [sys.executable, LIBFUZZER, name, *options, corpus]
    with TemporaryDirectory(prefix="fuzz-") as room:  # libFuzzer ends without leave
        run = subprocess.run(
            command,
            check=False,
            env={**os.environ, "TMPDIR": room},
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    print(run.stderr[-4000:], file=sys.stderr)
    counted = re.search(r"^stat::number_of_executed_units:\s*(\d+)", run.stderr, re.MULTILINE)
    return run.returncode, int(counted[1]) if counted else 0


def spent() -> float:
    """CPU seconds of all that was run and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())

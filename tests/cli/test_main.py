"""What all commands do alike: help, an interruption, an output that cannot be written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.zip_samples import WHEEL, forge_wheel

from felloe.cli.main import COMMANDS, main

FULL = Path("/dev/full")


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / WHEEL
    path.write_bytes(forge_wheel())
    return path


def start(*arguments, **options):
    command = [sys.executable, "-m", "felloe", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_plain_ascii(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("word", ["--exclude=", "--provided-by=torch", "--strip=some"])
def test_a_word_that_says_nothing_is_misuse(capsys, wheel, word):
    with pytest.raises(SystemExit) as ended:
        main(["repair", str(wheel), word])
    assert ended.value.code == 2
    assert f"argument {word.partition('=')[0]}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["audit"], ["build"], ["migrate"], ["pack"], ["new", "x", "--binding=ctypes", "--directory"]],
    ids=lambda words: words[0],
)
def test_a_path_that_cannot_be_looked_at_is_an_error(capsys, arguments):
    path = f"/{'x' * 300}/x"
    assert main([*arguments, path]) in (1, 2)
    assert path in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a signal ends a process there without a word")
def test_an_interruption_is_one_line_and_ends_a_script_s_loop(wheel):
    def listen():
        signal.signal(signal.SIGINT, signal.default_int_handler)

    many = [wheel] * 5000  # more than a pipe that nobody reads takes
    with start("verify", *many, stdout=subprocess.PIPE, preexec_fn=listen) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert said == "felloe: error: interrupted\n"
    assert process.returncode == -signal.SIGINT


@pytest.mark.skipif(not FULL.exists(), reason="it has no full device")
def test_an_output_that_is_full_is_an_error(wheel):
    with FULL.open("w") as full, start("verify", wheel, stdout=full) as process:
        said = process.stderr.read()
    assert said == "felloe: error: standard output cannot be written: No space left on device\n"
    assert process.returncode == 1


@pytest.mark.parametrize("arguments", [["verify", WHEEL], ["verify", "none.whl"]])
def test_a_closed_output_changes_no_answer(wheel, arguments):
    answers = []
    for close in ("", ">&-", "2>&-", ">&- 2>&-"):
        line = f'"{sys.executable}" -m felloe {" ".join(arguments)} {close}'
        done = subprocess.run(
            line, shell=True, cwd=wheel.parent, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        answers.append(done.returncode)
    assert len(set(answers)) == 1

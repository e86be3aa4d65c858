"""What all commands do alike: help, an interruption, an output that cannot be written."""

import os
import shlex
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from support.zip_samples import WHEEL, forge_wheel

import felloe
from felloe.cli import repair
from felloe.cli.completion import SHELLS
from felloe.cli.main import COMMANDS, _find_flags, main, make_parser
from felloe.config.settings import read_settings

FULL = Path("/dev/full")


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / WHEEL
    path.write_bytes(forge_wheel())
    return path


def start(*arguments, **options):
    command = [sys.executable, "-m", "felloe", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def commands():
    """The parsers of the commands, by name."""
    return next(action.choices for action in make_parser()._actions if action.choices)  # noqa: SLF001


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_plain_ascii(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples_and_exit_codes(capsys, command):
    outputs = []
    for words in ([command, "--help"], ["help", command]):
        with pytest.raises(SystemExit):
            main(words)
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert f"examples:\n  felloe {command}" in outputs[0]
    assert outputs[0].endswith("Exit codes: 0 success, 1 problems found, 2 usage error.\n")


def test_examples_of_the_help_are_valid():
    """Every word that begins with a dash is a flag of the command."""
    for name, command in commands().items():
        flags = _find_flags(command)
        for line in command.epilog.splitlines()[1:]:
            words = shlex.split(line) if line.startswith("  felloe") else []
            assert not [word for word in words if word[:1] == "-" and word not in ("-", *flags)], (
                name
            )


@pytest.mark.parametrize("words", [[], ["help"]])
def test_felloe_without_a_command_shows_help(capsys, words):
    if words:
        with pytest.raises(SystemExit):
            main(words)
    else:
        assert main(words) == 2
    out, err = capsys.readouterr()
    assert out.startswith("usage: felloe")
    assert all(f"\n    {command}" in out for command in COMMANDS)
    assert not err


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["biuld"], "'biuld' is not a felloe command", "did you mean `felloe build`?"),
        (["help", "audti"], "'audti' is not a felloe command", "did you mean `felloe audit`?"),
        (["zzz"], "'zzz' is not a felloe command", "the commands are audit, build,"),
        (
            ["build", "--pyhton=3"],
            "felloe build: unknown argument --pyhton",
            "did you mean --python?",
        ),
        (["cache", "info", "--jsno"], "unknown argument --jsno", "did you mean --json?"),
        (["verify", WHEEL, "-Z"], "felloe verify: unknown argument -Z", "see `felloe help verify`"),
    ],
)
def test_a_typing_error_gets_the_nearest_word(capsys, words, message, hint):
    assert main(words) == 2
    err = capsys.readouterr().err
    assert message in err
    assert f"felloe: hint: {hint}" in err


def test_version_names_the_engine(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    engine = version("scikit-build-core")
    assert capsys.readouterr().out == f"felloe {felloe.__version__} (scikit-build-core {engine})\n"


@pytest.mark.tools("shtab")
@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_commands_and_flags(capsys, shell):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in (*COMMANDS, "output-dir", "provided-by"))


def test_completion_without_the_extra_names_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert "pip install felloe[cli]" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["build", "pack", "unpack", "repair", "new"])
def test_output_directories_have_one_flag(command):
    assert {"-o", "--output-dir"} <= set(_find_flags(commands()[command]))


@pytest.mark.parametrize("words", [["a*,b*"], ["a*;b*"], ["a*", "b*"], ["a*,", ";b*"]])
def test_a_list_in_a_flag_is_the_list_of_the_environment(words):
    options = make_parser().parse_args(
        ["repair", "x.whl", *(f"--exclude={word}" for word in words)]
    )
    flag = repair._read_settings(options).libraries.exclude  # noqa: SLF001
    variable = read_settings({}, None, {"FELLOE_LIBRARIES_EXCLUDE": ";".join(words)})
    assert flag == ("a*", "b*") == variable.libraries.exclude


@pytest.mark.parametrize("word", ["--exclude=", "--provided-by=torch", "--strip=some"])
def test_a_word_that_says_nothing_is_misuse(capsys, wheel, word):
    with pytest.raises(SystemExit) as ended:
        main(["repair", str(wheel), word])
    assert ended.value.code == 2
    assert f"argument {word.partition('=')[0]}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["audit"], ["build"], ["migrate"], ["pack"], ["new", "x", "--binding=ctypes", "--output-dir"]],
    ids=lambda words: words[0],
)
def test_a_path_that_cannot_be_looked_at_is_an_error(capsys, arguments):
    path = f"/{'x' * 300}/x"
    assert main([*arguments, path]) in (1, 2)
    assert path in capsys.readouterr().err


def test_a_pattern_that_the_shell_left_is_expanded(wheel, capsys):
    """As the shells of Windows leave it."""
    assert main(["verify", str(wheel.parent / "*.whl")]) == 0
    assert WHEEL in capsys.readouterr().out
    assert main(["verify", str(wheel.parent / "*.none")]) == 2
    assert "no such file" in capsys.readouterr().err


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


@pytest.mark.skipif(not FULL.exists(), reason="it has no full device")
@pytest.mark.parametrize("words", [["--help"], [], ["--version"], ["help", "build"]])
def test_help_to_a_full_device_gives_no_traceback(words):
    with FULL.open("w") as full, start(*words, stdout=full) as process:
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_a_deleted_current_directory_is_an_error(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f'rmdir "{gone}"; exec "{sys.executable}" -m felloe build'
    done = subprocess.run(line, shell=True, cwd=gone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the current directory does not exist any more" in done.stderr
    assert "Traceback" not in done.stderr


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

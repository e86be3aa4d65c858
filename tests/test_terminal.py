"""What is printed: streams, words, encodings."""

import io
import subprocess
import sys
import warnings

import pyproject_hooks
import pytest

from felloe import terminal
from felloe.errors import (
    EngineFailed,
    FelloeError,
    FelloeWarning,
    MalformedArchive,
    MalformedBinary,
    UsageError,
)
from felloe.finding import Finding

FINDING = Finding("the message", hint="the hint")


@pytest.mark.parametrize(
    ("report", "argument", "err"),
    [
        (terminal.report_error, FelloeError("no"), "felloe: error: no\n"),
        (
            terminal.report_error,
            FelloeError("no", hint="do"),
            "felloe: error: no\nfelloe: hint: do\n",
        ),
        (terminal.report_note, Finding("so"), "felloe: note: so\n"),
        (terminal.report_note, FINDING, "felloe: note: the message\nfelloe: hint: the hint\n"),
        (
            terminal.report_warning,
            FINDING,
            "felloe: warning: the message\nfelloe: hint: the hint\n",
        ),
    ],
)
def test_reports_go_to_stderr(capsys, report, argument, err):
    report(argument)
    assert capsys.readouterr() == ("", err)


@pytest.mark.parametrize(
    ("tell", "text", "out"),
    [
        (terminal.report_progress, "done", "felloe: done\n"),
        (terminal.print_text, "table", "table\n"),
        (terminal.print_text, "table\n", "table\n"),
        (terminal.print_text, "", "\n"),
    ],
)
def test_results_go_to_stdout(capsys, tell, text, out):
    tell(text)
    assert capsys.readouterr() == (out, "")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", rb"felloe: error: gr\xfcn \u2603 \udcff" + b"\n"),
        ("latin-1", b"felloe: error: gr\xfcn \\u2603 \\udcff\n"),
        ("utf-8", b"felloe: error: gr\xc3\xbcn \xe2\x98\x83 \\udcff\n"),
    ],
)
def test_what_a_stream_cannot_show_is_escaped(monkeypatch, encoding, shown):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    terminal.report_error(FelloeError("gr\xfcn \N{SNOWMAN} \udcff"))
    assert raw.getvalue() == shown


def test_stream_without_an_encoding_takes_text(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.print_text("gr\xfcn")
    assert stream.getvalue() == "gr\xfcn\n"


def test_output_is_flushed_at_once(monkeypatch):
    """What is said stands before what a child process says next."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    terminal.report_progress("now")
    assert raw.getvalue() == b"felloe: now\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FelloeError("x"), 1),
        (UsageError("x"), 2),
        (MalformedBinary("x"), 1),
        (MalformedArchive("x"), 1),
        (EngineFailed("build_wheel", 7), 7),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exit_codes(error, code):
    assert error.exit_code == code
    assert isinstance(error, FelloeError)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def on_terminal(monkeypatch):
    """Let rich print to a terminal of 40 columns; answers its two streams."""

    def start(**environ):
        values = {"TERM": "xterm-256color", "COLUMNS": "40", **environ}
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(terminal, "_consoles", {})
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, Terminal())
        terminal.use_rich()
        return sys.stdout, sys.stderr

    return start


@pytest.mark.tools("rich")
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_gets_colours_unless_it_wants_none(on_terminal, environ):
    _, err = on_terminal(**environ)
    terminal.report_error(FelloeError("no", hint="do"))
    error, hint = "error", "hint"
    if not environ:
        error, hint = "\x1b[31merror\x1b[0m", "\x1b[36mhint\x1b[0m"
    assert err.getvalue() == f"felloe: {error}: no\nfelloe: {hint}: do\n"


@pytest.mark.tools("rich")
def test_a_terminal_gets_lines_that_end_between_words(on_terminal):
    _, err = on_terminal()
    path = "/a" * 30
    terminal.report_step(f"the file {path} is not a wheel of this project")
    lines = [line.rstrip() for line in err.getvalue().splitlines()]
    assert lines == ["felloe: the file", path, "is not a wheel of this project"]


def test_without_rich_a_terminal_gets_plain_text(on_terminal, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out, err = on_terminal()
    terminal.report_error(FelloeError("no"))
    terminal.print_table(("file", "size"), [("a.whl", "1 kB")])
    terminal.show_running(["not shown"])
    assert err.getvalue() == "felloe: error: no\n"
    assert out.getvalue() == "file   size\na.whl  1 kB\n"


@pytest.mark.tools("rich")
def test_a_table_fits_the_terminal(on_terminal):
    out, _ = on_terminal(NO_COLOR="1")
    terminal.print_table(("file", "size"), [("w" * 60, "1 \x1b[31mkB")])
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    assert "".join(lines).count("w") == 60
    assert "\x1b[31m" not in "".join(lines)


def test_hooks_load_no_package_of_the_extra():
    code = (
        "import sys, felloe.backend, felloe.terminal as t\n"
        "from felloe.finding import Finding\n"
        "with t.warning_frontend(): t.report_warning(Finding('x')); t.report_note(Finding('y'))\n"
        "print(sorted({'rich', 'tomlkit', 'shtab'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == "felloe: note: y\nfelloe: warning: x\n"


class TestWarningsOfHooks:
    """pyproject-hooks 1.3.3 records the warnings of a hook and hands them to the frontend."""

    def test_the_frontend_records_each_once(self, capsys):
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("default")
            with terminal.warning_frontend():
                terminal.report_warning(FINDING)
                terminal.report_warning(FINDING)
        (warning,) = recorded
        assert warning.category is FelloeWarning
        assert issubclass(warning.category, UserWarning)
        assert str(warning.message) == "the message\nfelloe: hint: the hint"
        assert capsys.readouterr() == ("", "")

    def test_a_frontend_gets_them_from_another_process(self, tmp_path):
        (tmp_path / "backend.py").write_text(
            "from felloe import terminal\nfrom felloe.finding import Finding\n"
            "def build_sdist(directory, settings):\n"
            "    with terminal.warning_frontend():\n"
            "        terminal.report_warning(Finding('no policy', hint='link statically'))\n"
            "    return 'x.tar.gz'\n"
        )
        caller = pyproject_hooks.BuildBackendHookCaller(tmp_path, "backend", backend_path=["."])
        with pytest.warns(UserWarning, match="no policy") as recorded:
            assert caller.build_sdist(tmp_path) == "x.tar.gz"
        assert [str(item.message) for item in recorded] == [
            "no policy\nfelloe: hint: link statically"
        ]

    def test_those_of_a_hook_that_fails_are_printed(self, capsys):
        def fail():
            with terminal.warning_frontend():
                terminal.report_warning(Finding("first"))
                raise FelloeError("then")

        with pytest.raises(FelloeError):
            fail()
        assert capsys.readouterr().err == "felloe: warning: first\n"

    def test_a_filter_that_makes_errors_of_warnings_ends_no_build(self, capsys):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with terminal.warning_frontend():
                terminal.report_warning(Finding("so"))
        assert capsys.readouterr().err == "felloe: warning: so\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\x08\x7f", r"a\rb\x08\x7f"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("one\r\n\ttwo \N{NO-BREAK SPACE}", "one\r\n\ttwo \N{NO-BREAK SPACE}"),
    ],
)
def test_nothing_that_is_printed_steers_the_terminal(capsys, name, shown):
    terminal.report_error(FelloeError(name, hint=name))
    terminal.report_step(name)
    terminal.report_progress(name)
    terminal.print_text(name)
    out, err = capsys.readouterr()
    assert out == f"felloe: {shown}\n{shown}\n"
    told = f"felloe: error: {shown}\nfelloe: hint: {shown}\nfelloe: {shown}\n"
    assert err == told

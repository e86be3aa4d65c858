"""What is printed: streams, words, encodings."""

import io
import sys

import pytest

from felloe import terminal
from felloe.errors import EngineFailed, FelloeError, MalformedArchive, MalformedBinary, UsageError
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


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "felloe: \x1b[1;31merror\x1b[m: no\nfelloe: \x1b[1;36mhint\x1b[m: do\n"),
        ({"NO_COLOR": "1"}, "felloe: error: no\nfelloe: hint: do\n"),
        ({"TERM": "dumb"}, "felloe: error: no\nfelloe: hint: do\n"),
    ],
)
def test_a_terminal_that_wants_colours_gets_them(monkeypatch, environ, said):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    terminal.report_error(FelloeError("no", hint="do"))
    assert sys.stderr.getvalue() == said


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
    terminal.redraw([name], 1)
    out, err = capsys.readouterr()
    assert out == f"felloe: {shown}\n{shown}\n"
    told = f"felloe: error: {shown}\nfelloe: hint: {shown}\nfelloe: {shown}\n"
    assert err == f"{told}\x1b[1A\x1b[J{shown}\n"

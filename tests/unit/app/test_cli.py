import os
import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from cdc.app.cli import COMMANDS, Options, invoke, root
from cdc.app.commands import version
from cdc.app.outcome import hint
from cdc.model.errors import Denied, Exit, Unreachable

ROOT = Path(__file__).parents[3]
DOC = ROOT / "docs/reference/commands.md"


def commands(group=root, path=("cdc",), context=None):
    """(words, command, context) of all there are."""
    context = (
        click.Context(group, info_name=path[0], terminal_width=100, help_option_names=["-h", "--help"]) if context is None else context
    )
    yield path, group, context
    for name in group.list_commands(context) if isinstance(group, click.Group) else ():
        child = group.get_command(context, name)
        yield from commands(child, (*path, name), click.Context(child, parent=context, info_name=name, terminal_width=100))


ALL = list(commands())


def block(path, command, context):
    """A command's help as the reference shows it."""
    return f"```\n$ {' '.join(path)} --help\n{command.get_help(context)}\n```"


def test_the_reference_shows_the_help_of_every_command_as_it_is():
    """UPDATE_DOCS=1 writes it."""
    text = DOC.read_text()
    for path, command, context in ALL:
        expected, shown = block(path, command, context), re.compile(rf"```\n(?:\$ )?{' '.join(path)} --help\n.*?```", re.DOTALL)
        assert len(shown.findall(text)) == 1, path
        text = shown.sub(lambda _, expected=expected: expected, text)
    if os.environ.get("UPDATE_DOCS"):
        DOC.write_text(text)
    assert DOC.read_text() == text


@pytest.mark.parametrize(("path", "command", "context"), ALL, ids=lambda given: " ".join(given) if isinstance(given, tuple) else "")
def test_every_command_and_option_says_what_it_does(path, command, context):
    assert command.help
    assert command.get_short_help_str(60).endswith(".")
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.name}"


def test_commands_are_the_modules_of_their_folder():
    modules = {path.stem for path in (ROOT / "cdc/app/commands").iterdir() if not path.name.startswith("__")}
    assert set(COMMANDS) == modules


@pytest.fixture
def failing(monkeypatch):
    """A command that raises what is given."""

    def make(error):
        @click.command("version")
        def command():
            raise error

        monkeypatch.setattr(version, "command", command)

    return make


@pytest.mark.parametrize("error", [Denied("erp: no select", "grant select"), Unreachable("crm: refused")])
def test_an_error_is_one_line_and_its_exit_code(failing, capsys, error):
    failing(error)
    assert invoke(["version"]) == error.exit
    assert capsys.readouterr().err == f"error: {error}\nhint: {hint(error)}\n"


def test_a_fault_of_ours_shows_no_text_of_its_own(failing, capsys):
    failing(ValueError("canary"))
    assert invoke(["version"]) == Exit.FAILURE
    quiet = capsys.readouterr().err
    assert quiet.startswith("error: unexpected ValueError")
    assert "Traceback" not in quiet
    assert "File" not in quiet
    assert invoke(["-v", "version"]) == Exit.FAILURE
    verbose = capsys.readouterr().err
    assert 'File "' in verbose
    assert "canary" not in verbose.replace('ValueError("canary")', "")


def test_a_reader_that_has_read_enough_is_no_failure():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "cdc", "mapping", "functions"], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_connection_that_breaks_is_a_failure(failing, capsys):
    failing(BrokenPipeError())
    assert invoke(["version"]) == Exit.FAILURE
    assert "unexpected BrokenPipeError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["setupp"], "did you mean 'setup'?"),
        (["parked", "shwo", "1"], "no command 'shwo'; did you mean 'show'?"),
        (["position", "erp_to_crm"], "no command 'erp_to_crm'; there are: advance, set, show"),
        (["init", "--from", "erp", "--to", "erp"], "--from and --to are one name"),
        (["--frob"], "--frob"),
        (["mapping", "functions", "coalescee"], "did you mean 'coalesce'?"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_meant(capsys, arguments, said):
    assert invoke(arguments) == Exit.USAGE
    assert said in capsys.readouterr().err


def test_version_and_help_are_data(capsys):
    assert invoke(["version"]) == 0
    assert re.fullmatch(r"cdc \S+ \(Python 3\.\d+\.\d+\)\n", capsys.readouterr().out)
    assert invoke(["--help"]) == 0
    assert "First steps" in capsys.readouterr().out


def test_options_stand_before_the_command(monkeypatch):
    seen = []

    @click.command("version")
    @click.pass_obj
    def command(options):
        seen.append(options)

    monkeypatch.setattr(version, "command", command)
    monkeypatch.setenv("CDC_CONFIG", "/etc/cdc/cdc.yaml")
    monkeypatch.setenv("NO_COLOR", "1")
    invoke(["version"])
    monkeypatch.delenv("NO_COLOR")
    invoke(["-c", "other.yaml", "-v", "version"])
    assert seen == [
        Options(Path("/etc/cdc/cdc.yaml"), verbose=False, color=False),
        Options(Path("other.yaml"), verbose=True, color=True),
    ]


def test_help_is_quick_and_loads_no_driver():
    code = "import sys; from cdc.app.cli import invoke; invoke(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert time.monotonic() - begun < 2, "0.15 s on an idle machine"
    loaded = set(done.stderr.split())
    assert not loaded & {
        "psycopg",
        "pymysql",
        "pymysqlreplication",
        "sqlglot",
        "pydantic",
        "prometheus_client",
        "rich",
        "structlog",
        "yaml",
    }

"""The command line: global options, one module a command imported when it is asked for, and errors as two lines and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from cdc.app.outcome import lines, trace, unexpected
from cdc.mapping.files.problem import did_you_mean
from cdc.model.errors import CdcError, Exit
from cdc.model.value import value

COMMANDS = (
    "init",
    "check",
    "plan",
    "setup",
    "run",
    "status",
    "lag",
    "pause",
    "resume",
    "reload",
    "position",
    "verify",
    "resync",
    "parked",
    "xref",
    "teardown",
    "mapping",
    "schema",
    "version",
)
"""In the order in which one meets them."""


@value
class Options:
    """What stands before the command."""

    config: Path
    verbose: bool
    color: bool


class Commands(click.Group):
    """A group that knows what may have been meant by a command that it does not have."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        there = self.list_commands(ctx)
        if args and args[0] not in there and not args[0].startswith("-"):
            ctx.fail(f"no command '{args[0]}'; {did_you_mean(args[0], there) or 'there are: ' + ', '.join(there)}")
        return super().resolve_command(ctx, args)


class _Root(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cdc.app.commands.{cmd_name}").command
        return command


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), default="cdc.yaml", envvar="CDC_CONFIG", show_default=True, show_envvar=True,
    help="The service file.",
)  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Say more, and where an unexpected error came from.")
@click.option("--no-color", is_flag=True, envvar="NO_COLOR", help="Use no colors. So does the environment variable NO_COLOR.")
@click.pass_context
def root(ctx: click.Context, config: Path, *, verbose: bool, no_color: bool) -> None:
    """Keep an ERP database and a CRM database in step.

    cdc reads the change log of one database, translates each row change by mapping specs, and applies them to another with an
    exactly-once effect: PostgreSQL, MySQL and MariaDB, in both directions at once.

    First steps: `cdc init` begins cdc.yaml and mappings; then `cdc check`, `cdc check --connect`, `cdc run`.

    \b
    Exit codes: 0 ok, 1 failure, 2 usage, 3 differences found,
    69 a server cannot be reached,
    75 try again later, 76 a gap in the log, 77 a privilege is missing,
    78 configuration or mapping wrong. Several apply: 78, 77, 76, 69 in this order.
    """  # noqa: D301, click's mark for a paragraph that keeps its lines
    ctx.obj = Options(config, verbose, color=not no_color)


def main() -> None:
    """Run the command line and end the process."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code. Commands return theirs, or None when all is well."""
    try:
        return int(root.main(list(arguments), prog_name="cdc", standalone_mode=False) or Exit.OK)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        print("\nerror: stopped", file=sys.stderr)
        return Exit.FAILURE
    except SystemExit as end:  # click's answer to any broken pipe, whether it is our output or a server's connection
        broken = end.__context__
        return _say(unexpected(broken)) if isinstance(broken, OSError) and not _read_enough() else Exit.OK
    except CdcError as error:
        return _say(error)
    except Exception as error:  # noqa: BLE001, the last stand
        if {"-v", "--verbose"} & set(arguments):
            print(trace(error), file=sys.stderr, end="")
        return _say(unexpected(error))


def _read_enough() -> bool:
    """Return whether the reader of our output has gone (`| head`); Python would complain of it once more at the end."""
    assert sys.__stdout__ is not None
    try:
        sys.__stdout__.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
        return True
    return False


def _say(error: CdcError) -> int:
    print(lines(error), file=sys.stderr, end="")
    return error.exit

"""`cdc reload`: a running daemon reads its files again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.build import Line

_LOOK = 0.2


@click.command("reload", short_help="Let a running daemon read its files again.")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--from-now", is_flag=True, help="Mappings that treat rows otherwise than before hold for what comes from now on.")
@click.option("--plan", "plan_hash", default="", help="Take over only what is compiled to this hash, which `cdc plan` prints.")
@click.option("--timeout", type=click.FloatRange(1), default=120.0, show_default=True, help="Seconds to wait for the daemon's answer.")
@click.pass_obj
def command(options: Options, pipelines: Sequence[str], *, from_now: bool, plan_hash: str, timeout: float) -> Exit:
    """Let the daemon that runs pipelines read its service file and mappings again, on its host.

    It validates everything first, as `cdc check --connect` does, and goes on by the old files where anything is wrong. A pipeline that
    is not changed is not touched; one that is goes on by the new files after the transaction at hand.

    A mapping that treats rows otherwise than before is refused without --from-now, since rows that were written keep their old form;
    `cdc resync` behind it writes them anew.

    Exit codes: 0 taken over, 75 nobody answers, otherwise what `cdc check` says.
    """
    from cdc.app.build import line
    from cdc.app.files import chosen, opened
    from cdc.app.outcome import worst

    settings = opened(options)
    asked = {"from_now": from_now, "plan": plan_hash}
    return worst([_reload(line(each), asked, timeout) for each in chosen(settings, pipelines)])


_RUNS = "Look at `cdc status` and its log."
_PAUSED = "The pipeline is paused, so that nobody can see from here whether its daemon runs: look at the service. One that starts reads its files anyway."


def _reload(line: Line, asked: dict[str, Any], timeout: float) -> Exit:
    from cdc.app.daemon.reload import RELOAD
    from cdc.app.state.control import controlled, operator
    from cdc.model.errors import Transient

    number = uuid4().hex
    with controlled(line, operator()) as control:
        paused = control.read()[0].paused
        if control.admin.holder() is None and not paused:
            raise Transient(f"nobody runs {line.name}", "Its files are read when it starts.")
        control.request({"id": number, "what": RELOAD, "at": time.time(), **asked})
        deadline = time.monotonic() + timeout
        while (answer := control.read()[0].answer).get("id") != number:
            if time.monotonic() > deadline:
                raise Transient(f"the daemon of {line.name} has not answered within {timeout:.0f} s", _PAUSED if paused else _RUNS)
            time.sleep(_LOOK)
    code = Exit(int(answer["exit"]))
    click.echo(f"{line.name}: {'' if code is Exit.OK else 'not reloaded: '}{answer['text']}", err=True)
    return code

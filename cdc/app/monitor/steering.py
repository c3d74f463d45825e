"""What operators write into a pipeline's row, seen by its daemon within a second, over a connection of its own to the target."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, TypeAlias

import structlog

from cdc.app.build import Line
from cdc.app.monitor.watch import State, Watch
from cdc.app.state.control import DAEMON, NOTHING, Control, Controls
from cdc.model.errors import CdcError
from cdc.target.base import TargetAdmin

EVERY = 1.0
REQUEST_AGE = 300.0

Ask: TypeAlias = Callable[[str, Mapping[str, Any]], None]
"""Takes a pipeline's name and what an operator asks of its daemon."""


def controls(line: Line) -> Controls:
    """Read a pipeline's row once; before `setup` there is nothing in it."""
    with closing(line.target_admin()) as admin:
        return told(admin, line.name)


def told(admin: TargetAdmin, pipeline: str) -> Controls:
    """Read a pipeline's row over an open connection."""
    return NOTHING if admin.setup() else Control(admin, pipeline, DAEMON).read()[0]


class Steering:
    """Reads the row while the daemon lives; what it can't read stays as it was."""

    def __init__(self, line: Callable[[], Line], watch: Watch, ask: Ask) -> None:
        """`line` gives the pipeline as it is configured now."""
        self._configured, self._watch, self._ask = line, watch, ask
        self._line = line()
        self._admin: TargetAdmin | None = None
        self._handled = ""
        self._log: Any = structlog.get_logger().bind(pipeline=self._line.name)

    def work(self, stop: threading.Event) -> None:
        """Look until asked to stop. Raises nothing."""
        while not stop.wait(EVERY):
            try:
                self.look()
            except CdcError as error:
                self._fails(str(error))
            except Exception as error:  # noqa: BLE001, a fault of ours here is no reason to stop looking
                self._fails(f"unexpected {type(error).__name__}")
        self._close()

    def look(self) -> None:
        """Read the row, and do what it asks for."""
        watch, wall = self._watch, self._watch.clock.wall
        if (line := self._configured()) is not self._line:
            self._close()
            self._line = line
        if self._admin is None:
            admin = self._line.target_admin()
            if admin.setup():
                admin.close()  # there is no row yet, or it is of an older layout
                return
            self._admin = admin
        control, before = Control(self._admin, self._line.name, DAEMON), wall()
        watch.controls, clock = control.read()
        watch.measured.answers("target", clock - (before + wall()) / 2 if clock else None)
        if watch.controls.deletes_allowed and watch.state is State.STREAMING and watch.lag_seconds() == 0:
            control.expects_no_deletes()
        self._takes(watch.controls.request, watch.controls.answer)

    def _takes(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Hand a request on, once. One that an earlier daemon did not answer has become old."""
        number = str(request.get("id", ""))
        if number and number not in (self._handled, answer.get("id")):
            self._handled = number
            if abs(self._watch.clock.wall() - float(request.get("at", 0))) <= REQUEST_AGE:
                self._ask(self._line.name, request)

    def _fails(self, error: str) -> None:
        self._watch.measured.silent("target")
        self._close()
        self._log.warning("the target does not say what operators want", error=error)

    def _close(self) -> None:
        if self._admin is not None:
            self._admin.close()
        self._admin = None

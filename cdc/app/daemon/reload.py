"""Files read again by a running daemon: validated whole, as `check --connect` does, and taken over where they differ, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

import structlog

from cdc.app.build import Line, line
from cdc.app.daemon.notify import ServiceManager
from cdc.app.daemon.worker import Worker
from cdc.app.files import chosen
from cdc.app.outcome import hint, unexpected
from cdc.app.preflight.examined import Examined, examine
from cdc.app.preflight.history import changed, repaired
from cdc.app.preflight.plan_hash import mapping_hashes, pipeline_hash
from cdc.app.service.config import Settings
from cdc.app.state.control import DAEMON, controlled
from cdc.model.errors import CdcError, Exit, Misconfigured

Read: TypeAlias = Callable[[], Settings]
"""Reads all files. Raises `Misconfigured`, with what is wrong."""
Request: TypeAlias = Mapping[str, Any]
RELOAD = "reload"
_TAKEN = 60.0
"""Seconds within which a pipeline comes to the end of the transaction at hand; a longer one is no fault."""


class Reloads:
    """Requests from operators and SIGHUP, done one after the other on a thread of their own."""

    def __init__(self, read: Read, names: Sequence[str], workers: Sequence[Worker], manager: ServiceManager) -> None:
        self._read, self._names, self._workers, self._manager = read, names, workers, manager
        self._asked: SimpleQueue[tuple[str | None, Request]] = SimpleQueue()
        self._log: Any = structlog.get_logger()
        self.successful = True
        """Whether the last one was."""
        self.succeeded = time.time()
        """When the files were last taken over: now, or by a reload."""

    def ask(self, pipeline: str | None, request: Request) -> None:
        """Take a request; None: all pipelines. Safe in a signal's handler."""
        self._asked.put((pipeline, request))

    def work(self, stop: threading.Event) -> None:
        """Reload when it is asked for, until asked to stop. Raises nothing."""
        while not stop.is_set():
            with suppress(Empty):
                self._does(*self._asked.get(timeout=0.5))

    def _does(self, pipeline: str | None, request: Request) -> None:
        self._manager.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            text, code = self._reload(pipeline, request), Exit.OK
        except CdcError as error:
            text, code = self._fails(error), error.exit
        except Exception as error:  # noqa: BLE001, a fault of ours: the old configuration goes on
            text, code = self._fails(unexpected(error)), Exit.FAILURE
        else:
            self.successful, self.succeeded = True, time.time()
            self._log.info("the configuration is reloaded", result=text)
        self._manager.tell("READY=1")
        if pipeline is not None:
            self._answers(pipeline, {"id": request.get("id"), "exit": int(code), "text": text})

    def _fails(self, error: CdcError) -> str:
        self.successful = False
        self._log.error("the configuration is not reloaded, and the old one goes on", error=error, hint=hint(error))
        return f"{error}\n{hint(error)}".strip()

    def _answers(self, pipeline: str, answer: Request) -> None:
        worker = next(each for each in self._workers if each.line.name == pipeline)
        try:
            with controlled(worker.line, DAEMON) as control:
                control.respond(answer)
        except CdcError as error:
            self._log.warning("the answer can't be put down", pipeline=pipeline, error=error)

    def _reload(self, pipeline: str | None, request: Request) -> str:
        """Validate everything first; only then let any pipeline take over what is new for it."""
        settings = self._read()
        if gone := [name for name in self._names if name not in settings.pipelines]:
            raise Misconfigured(f"there is no pipeline {', '.join(gone)} any more", "Put it back, or stop the service.")
        wanted = {each.name: line(each) for each in chosen(settings, self._names)}
        running = {worker.line.name: worker for worker in self._workers}
        if wanted.keys() != running.keys():
            raise Misconfigured("pipelines were added or removed", "Restart the service: a reload changes those that run.")
        chosen_now = [name for name in running if pipeline in (None, name)]
        new = [(running[name], wanted[name], _examined(wanted[name])) for name in chosen_now]
        taken = [(worker, fresh) for worker, fresh, examined in new if _differs(worker, fresh, examined, request)]
        for worker, fresh in taken:
            worker.takes(fresh)
        _wait(taken)
        names = ", ".join(worker.line.name for worker, _ in taken)
        return f"{names} goes on by the new configuration" if taken else "nothing has changed"


def _examined(fresh: Line) -> Examined:
    examined = examine(fresh)
    if refusals := examined.refusals():
        raise refusals[0]
    return examined


def _differs(worker: Worker, fresh: Line, examined: Examined, request: Request) -> bool:
    """Return whether the pipeline has to begin anew. Raises `Misconfigured` when old rows and new ones would differ and nobody has agreed."""
    hashes = mapping_hashes(fresh, examined)
    news = list(changed(worker.hashes, hashes))
    if (asked := request.get("plan")) and (found := pipeline_hash(fresh, examined)) != asked:
        raise Misconfigured(
            f"{fresh.name}: the mappings are compiled to plan_hash {found}, and {asked} is asked for",
            "Look at what has changed: `cdc plan`.",
        )
    if news and not request.get("from_now"):
        text = "; ".join(f"the mapping {mapping} {what}" for mapping, what in news)
        raise Misconfigured(
            f"{fresh.name}: {text}",
            f"`cdc reload --from-now {fresh.name}` takes that over for what comes from now on; where old rows matter, "
            f"{repaired(fresh.name, [mapping for mapping, _ in news])} behind it.",
        )
    if worker.watch.ended:
        raise Misconfigured(f"{fresh.name} has ended: there is nothing to reload", "Restart the service.")
    old = worker.line
    same = (old.source, old.target, old.rows, old.protection) == (fresh.source, fresh.target, fresh.rows, fresh.protection)
    return not same or hashes != worker.hashes


def _wait(taken: Sequence[tuple[Worker, Line]]) -> None:
    deadline = time.monotonic() + _TAKEN
    while any(worker.line is not fresh for worker, fresh in taken) and time.monotonic() < deadline:
        time.sleep(0.05)

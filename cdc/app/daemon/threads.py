"""The daemon: a thread for each pipeline, and the main thread for signals, the service manager and what people see."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from cdc.app.build import Line
from cdc.app.daemon.notify import ServiceManager
from cdc.app.daemon.reload import RELOAD, Reloads
from cdc.app.daemon.worker import Worker
from cdc.app.monitor.progress import progress
from cdc.app.monitor.sampler import Sampler
from cdc.app.monitor.stalls import Stalls
from cdc.app.monitor.steering import Steering
from cdc.app.monitor.watch import State, Watch
from cdc.failpoint import reach
from cdc.model.errors import CdcError, Transient

TICK = 0.25
STATUS_EVERY = 5.0
DRAIN = 45.0
"""Seconds that a batch at hand has to end once we are asked to stop; the unit's TimeoutStopSec is longer."""


def run(workers: Sequence[Worker], manager: ServiceManager, reloads: Reloads, *, terminal: bool) -> dict[str, CdcError]:
    """Run the pipelines until all have ended or a signal comes; return the errors of those that failed.

    A pipeline that fails for good leaves the others running: they have nothing to do with it. The process ends with the last one.
    """
    _spare_the_collector()
    stop, watches = threading.Event(), [worker.watch for worker in workers]
    with stopping_by_signals(stop, reloads), progress(watches, terminal=terminal) as show:
        threads = [_thread(f"pipeline {worker.line.name}", worker.work, stop) for worker in workers]
        for worker in workers:
            if not worker.once:
                _beside(worker, reloads, stop)
        if not all(worker.once for worker in workers):
            _thread("reload", reloads.work, stop)
        _attend(watches, manager, stop, show)
        manager.tell("STOPPING=1")
        stop.set()
        reach("shutdown.drain")
        _drain(threads)
    return {watch.pipeline: watch.error for watch in watches if watch.error is not None and watch.state is State.FAILED}


def _spare_the_collector() -> None:
    """A row makes a handful of objects that live for one batch and form no cycles: looking for some after each 700 costs a fifth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _beside(worker: Worker, reloads: Reloads, stop: threading.Event) -> None:
    """What looks after a pipeline, over connections of its own."""

    def line() -> Line:
        return worker.line

    _thread(f"lag {worker.line.name}", Sampler(line, worker.watch).work, stop)
    _thread(f"steering {worker.line.name}", Steering(line, worker.watch, reloads.ask).work, stop)


def _thread(name: str, work: Callable[[threading.Event], None], stop: threading.Event) -> threading.Thread:
    # A daemon thread: a batch that hangs on a dead server must not keep the process from ending.
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    return thread


def _attend(watches: Sequence[Watch], manager: ServiceManager, stop: threading.Event, show: Callable[[], None]) -> None:
    """Tell the service manager and people how things are, until all pipelines have ended or a stop is asked for."""
    ready, told, fed = False, float("-inf"), float("-inf")
    stalls = Stalls(watches)
    while not all(watch.ended for watch in watches) and not stop.wait(TICK):
        now = time.monotonic()
        show()
        stalls.show()
        if not ready and all(watch.state is not State.STARTING for watch in watches):
            ready = True
            manager.tell("READY=1")
        if now - told >= STATUS_EVERY:
            told = now
            manager.tell(f"STATUS={status(watches)}")
        if manager.watchdog is not None and now - fed >= manager.watchdog and all(watch.alive() for watch in watches):
            fed = now
            manager.tell("WATCHDOG=1")


def status(watches: Sequence[Watch]) -> str:
    """Return one line for `systemctl status`."""
    return "; ".join(f"{watch.pipeline}: {watch.state.value}, lag {watch.lag_seconds():.1f} s, {watch.rows} rows" for watch in watches)


def _drain(threads: Sequence[threading.Thread]) -> None:
    deadline = time.monotonic() + DRAIN
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            raise Transient(f"{thread.name}: the batch at hand did not end within {DRAIN:.0f} s", "Its server rolls it back; start again.")


@contextmanager
def stopping_by_signals(stop: threading.Event, reloads: Reloads) -> Iterator[None]:
    """SIGTERM and SIGINT ask for a stop, and a second one ends the process at once. SIGUSR1 shows where each thread is.

    SIGHUP ends a daemon whose terminal is closed; a service reads its files again.
    """

    def asked(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stop.set()

    def hung_up(number: int, frame: FrameType | None) -> None:
        if sys.stderr.isatty():
            asked(number, frame)
        else:
            reloads.ask(None, {"what": RELOAD})

    faulthandler.register(signal.SIGUSR1, all_threads=True)
    handlers = {signal.SIGTERM: asked, signal.SIGINT: asked, signal.SIGHUP: hung_up}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        faulthandler.unregister(signal.SIGUSR1)
        for number, handler in before.items():
            signal.signal(number, handler)

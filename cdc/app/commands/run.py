"""`cdc run`: the daemon, in the foreground."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from cdc.app.cli import Options
from cdc.mapping.files.problem import Level, failed
from cdc.model.errors import CdcError, Exit, Held, Misconfigured

if TYPE_CHECKING:
    from cdc.app.daemon.worker import Worker
    from cdc.app.monitor.metrics import Metrics
    from cdc.app.service.config import Listen, Pipeline, Settings


@click.command("run", short_help="Run pipelines in the foreground.")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--once", is_flag=True, help="Apply what the logs hold now, the initial load first where it is due, and end.")
@click.option("--plan", "plan_hash", default="", help="Run only what is compiled to this hash, which `cdc plan` prints; for one PIPELINE.")
@click.pass_obj
def command(options: Options, pipelines: Sequence[str], *, once: bool, plan_hash: str) -> Exit:
    """Run all pipelines, or those named, in one process in the foreground.

    A pipeline that has no checkpoint yet is set up and loaded first; then it follows the log. A server that is down is waited for.
    An error that stays (a gap in the log, a missing privilege, a mapping that does not fit, a row that can't be applied) ends its
    pipeline and no other; when the last one has ended, so does the process. A table that changes under a running pipeline, so that a
    mapping no longer fits, makes it wait until table or mapping is mended.

    SIGTERM and Ctrl-C end it after the batch at hand, a second time at once; either is safe. SIGHUP reads the files again, as
    `cdc reload` does. SIGUSR1 shows where each thread is.

    With --once nothing listens for metrics, and a server that is down ends it after a few tries with 69.
    """
    from cdc.app.daemon import threads
    from cdc.app.daemon.notify import ServiceManager
    from cdc.app.daemon.reload import Reloads
    from cdc.app.files import chosen, logging, opened
    from cdc.app.monitor.metrics import Metrics
    from cdc.app.outcome import lines, worst

    settings = opened(options)
    if plan_hash and len(chosen(settings, pipelines)) != 1:
        raise click.UsageError("--plan is one pipeline's: name it")
    people = logging(options, settings)
    running, metrics = chosen(settings, pipelines), Metrics()
    workers = [_worker(options, pipeline, metrics, once=once, plan_hash=plan_hash) for pipeline in running]
    manager, secrets = ServiceManager(os.environ), set(settings.secrets)
    reloads = Reloads(partial(_reread, options, secrets), pipelines, workers, manager)
    metrics.reloads(reloads)
    with _listening(None if once else _address(settings, running), metrics, workers, secrets):
        failures = threads.run(workers, manager, reloads, terminal=people and sys.stderr.isatty())
    if people or once:
        click.echo("".join(lines(error, name) for name, error in failures.items()), err=True, nl=False)
    return worst(error.exit for error in failures.values())


def _worker(options: Options, pipeline: Pipeline, metrics: Metrics, *, once: bool, plan_hash: str) -> Worker:
    from cdc.app.build import line
    from cdc.app.daemon.worker import Worker
    from cdc.app.files import specs
    from cdc.app.monitor.metrics import Meters
    from cdc.app.monitor.watch import Clock, Watch

    watch = Watch(pipeline.name, Clock(), pipeline.protection.stall)
    mappings = [spec.name for spec in pipeline.specs]
    meters = Meters(metrics, watch, source=pipeline.source.name, target=pipeline.target.name, mappings=mappings)
    return Worker(line(pipeline), watch, meters, once=once, plan_hash=plan_hash, reread=partial(specs, options, pipeline.name))


def _reread(options: Options, secrets: set[str]) -> Settings:
    """Read all files again. Raises `Misconfigured` with the first mistake. What was a secret stays one."""
    from cdc.app.files import checked, logging

    settings, problems = checked(options)
    if settings is None or failed(problems):
        mistakes = [problem for problem in problems if problem.level is Level.ERROR]
        first = mistakes[0]
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise Misconfigured(f"{first.file}:{first.line}:{first.column}: {first.message}{more}", first.help or "`cdc check` shows all.")
    secrets.update(settings.secrets)
    logging(options, settings, secrets)
    return settings


def _address(settings: Settings, running: Sequence[Pipeline]) -> Listen | None:
    """A process that runs one pipeline alone uses that one's own address, where it has one."""
    return (running[0].metrics if len(running) == 1 else None) or settings.metrics


@contextmanager
def _listening(address: Listen | None, metrics: Metrics, workers: Sequence[Worker], secrets: Collection[str]) -> Iterator[None]:
    if address is None:
        yield
        return
    import structlog

    from cdc.app.log import Masks
    from cdc.app.monitor.http import Server, pages

    def masks(text: str) -> str:
        return Masks(secrets)(text)  # a reload may have added some

    given = pages(metrics.registry, [worker.watch for worker in workers], masks)
    try:
        server = Server(address.host, address.port, given)
    except Misconfigured as taken:
        raise _held(workers) or taken from None
    with closing(server):
        structlog.get_logger().info("listening for metrics, health and status", address=server.address)
        yield


def _held(workers: Sequence[Worker]) -> Held | None:
    """A second process of the same service file finds the port taken; what its operator wants to know is who runs the pipeline."""
    for worker in workers:
        with suppress(CdcError), closing(worker.line.target_admin()) as admin:
            if holder := admin.holder():
                return Held(f"pipeline {worker.line.name} is held by {holder}", "Stop the other process, or let it run.")
    return None

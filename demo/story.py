"""The demo's steps: both databases come into step, users work, the daemon is killed, and it is proved that nothing went wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from demo import audit, compare, crm_users, erp_users
from demo.daemon import Daemon, DaemonFailedError
from demo.latency import Latency, Probe, probes
from demo.own import Own
from demo.report import Report
from demo.stage import DAEMON, Stage
from demo.workload import Users, at_work

BUSY, RUSH = 60.0, 1000.0
"""Transactions a second that the users of each side try to make; the second is as many as their database takes."""
PROBES = 200
COMPARED = "The comparison is the demo's own, it shares no code with cdc"


@dataclass(frozen=True)
class Story:
    """What the steps share."""

    report: Report
    stage: Stage
    daemon: Daemon
    probes: Sequence[Probe]
    databases: compare.Databases
    before: compare.Before
    own: tuple[Own, Own]
    """What the ERP's and the CRM's users write where no mapping does."""

    def caught_up(self) -> float:
        """Wait until all that is committed now has arrived on the other side; return the seconds that it took."""
        begun = time.monotonic()
        for probe in self.probes:
            probe.arrives(120)
        return time.monotonic() - begun


def open_story(report: Report, stage: Stage, connections: ExitStack) -> Story:
    """Set everything up that is there before the daemon first starts."""
    report.step("Two private servers, an ERP and a CRM")
    in_erp, in_crm = stage.fill()
    erp, crm = connections.enter_context(stage.erp(DAEMON)), connections.enter_context(stage.crm(DAEMON))
    databases = compare.databases(erp, crm)
    version = databases.crm("select version() as version")[0]["version"].partition("-")[0]
    report.tables(f"The ERP on PostgreSQL {erp.info.server_version // 10000}, port {stage.postgresql.port}", in_erp)
    report.tables(f"The CRM on {'MySQL' if stage.mariadb.is_mysql else 'MariaDB'} {version}, port {stage.mariadb.port}", in_crm)
    audit.install(erp, crm)
    daemon = Daemon(stage.config, stage.folder / "cdc.log", stage.metrics_port)
    stage.cleanup.callback(daemon.kill)
    both = probes(stage, daemon.check, connections)
    return Story(report, stage, daemon, both, databases, compare.before(databases), (Own(), Own()))


def tell(story: Story, seconds: float) -> bool:
    """Play all steps; True when both databases agreed all the way."""
    try:
        return _play(story, seconds)
    except TimeoutError as error:
        raise DaemonFailedError(f"{error}; the daemon's last words:\n{story.daemon.last_words()}") from error


def _play(story: Story, seconds: float) -> bool:
    _configure(story)
    agreed = _load(story)
    quiet = _quiet(story)
    users = _users(story)
    with at_work(*users):
        busy = _work(story, seconds)
        _kill(story, users)
    agreed = _prove(story, users) and agreed
    _show(story, [*quiet, *busy])
    _stop(story)
    return agreed


def _configure(story: Story) -> None:
    story.report.step("One file to configure it, one folder of mappings for each direction")
    story.report.quote(story.stage.write_config())
    _command(story, "check", "--connect")
    made, _ = story.daemon.command("setup")
    story.report.say("[bold]cdc setup[/]")
    story.report.quote("\n".join(re.sub(r"\($", "(…);", line) for line in made.splitlines() if not line.startswith((" ", ")"))))


def _load(story: Story) -> bool:
    story.report.step("The daemon's first start: what is there already is loaded")
    story.daemon.start()
    seconds = story.daemon.wait_for_streaming(len(story.probes), 120)
    story.caught_up()
    results = compare.compare(story.databases, story.before, story.own)
    rows = sum(result.rows for result in results)
    story.report.say(f"{rows:,} rows in {seconds:.1f} s, both directions at once, the program's own start included.")
    story.report.say(f"{COMPARED}:")
    return story.report.comparison(results, compare.touched(story.databases, story.before)) == 0


def _users(story: Story) -> tuple[Users, Users]:
    erp = Users(story.stage.erp(autocommit=False), erp_users.ACTIONS, story.own[0], BUSY)
    return erp, Users(story.stage.crm(autocommit=False), crm_users.ACTIONS, story.own[1], BUSY)


def _quiet(story: Story) -> list[tuple[str, Latency]]:
    story.report.step(f"{PROBES} single rows each way, one after the other")
    return [("a quiet hour", Latency(probe.direction, [probe.arrives(30) for _ in range(PROBES)])) for probe in story.probes]


def _work(story: Story, seconds: float) -> list[tuple[str, Latency]]:
    story.report.step(f"Users work on both sides for {seconds:.0f} s, each side {BUSY:.0f} transactions a second")
    end = time.monotonic() + seconds
    rounds: list[list[float]] = []
    while len(rounds) < 2 or time.monotonic() < end:
        rounds.append([probe.arrives(30) for probe in story.probes])
    samples = zip(*rounds, strict=True)
    return [("users at work", Latency(probe.direction, each)) for probe, each in zip(story.probes, samples, strict=True)]


def _kill(story: Story, users: Sequence[Users]) -> None:
    for group in users:
        group.pace = RUSH
    story.report.step("kill -9, three times, while users work as fast as their databases take it")
    for alive, dead in ((2.0, 1.5), (1.5, 0.0), (3.0, 0.0)):
        time.sleep(alive)
        story.daemon.check()
        story.daemon.kill()
        time.sleep(dead)
        story.daemon.start()
        story.report.say(f"killed after {alive} s, " + (f"{dead} s without a daemon, " if dead else "") + "started again")
    time.sleep(1.0)


def _prove(story: Story, users: Sequence[Users]) -> bool:
    story.report.step("Users stop, the daemon catches up, and every value of every row is compared")
    for who, group in zip(("The ERP's users", "The CRM's users"), users, strict=True):
        story.report.work(who, group.done)
    story.report.say(f"Caught up {story.caught_up():.1f} s after their last transaction. {COMPARED}:")
    results = compare.compare(story.databases, story.before, story.own)
    differences = story.report.comparison(results, compare.touched(story.databases, story.before))
    again = story.report.effects([*audit.effects(story.databases.erp), *audit.effects(story.databases.crm)])
    return differences == 0 and again == 0


def _show(story: Story, latencies: Sequence[tuple[str, Latency]]) -> None:
    story.report.step("From a commit on one side until the row is visible on the other")
    story.report.latencies(latencies)
    story.report.step("What the people on call see")
    _command(story, "status")
    story.report.say(f"http://127.0.0.1:{story.daemon.port}/metrics, since the last start:")
    story.report.metrics(story.daemon.metrics())


def _stop(story: Story) -> None:
    story.report.step("SIGTERM")
    begun = time.monotonic()
    code = story.daemon.stop()
    if code != 0:
        raise DaemonFailedError(f"the daemon ended with {code}; its last words:\n{story.daemon.last_words()}")
    story.report.say(f"The daemon ended with exit code 0 after {time.monotonic() - begun:.1f} s.")


def _command(story: Story, *words: str) -> None:
    """Show a command and all that it says."""
    story.report.say(f"[bold]cdc {' '.join(words)}[/]")
    story.report.quote("".join(story.daemon.command(*words)))

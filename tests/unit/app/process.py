"""A daemon as a process, with servers in memory: `python -m tests.unit.app.process HOW`. Says what happens on stdout."""

import os
import sys
import time

from cdc.app import log
from cdc.app.daemon import threads, worker
from cdc.app.daemon.notify import ServiceManager
from cdc.app.daemon.reload import Reloads
from cdc.app.outcome import worst
from tests.unit.app.fakes import FakeTarget, Servers, examined


def say(text):
    print(text, flush=True)


def main(how):
    worker.examine = examined
    log.configure("json", "info", color=False, masks=str)
    servers = Servers()
    servers.commit("1")
    if how == "slow":
        apply = FakeTarget.apply

        def slow(self, batch):
            if batch.writes:
                say("applying")
                time.sleep(1)
            applied = apply(self, batch)
            if batch.writes:
                say("applied")
            return applied

        FakeTarget.apply = slow
    if how == "hanging":
        FakeTarget.apply = lambda self, batch: (say("applying"), time.sleep(100))
    if how == "draining":
        threads.DRAIN = 0.2
        FakeTarget.apply = lambda self, batch: (say("applying"), time.sleep(100))
    workers, manager = [servers.worker()], ServiceManager(os.environ)
    failures = threads.run(workers, manager, Reloads(lambda: None, (), workers, manager), terminal=False)
    say("ended")
    sys.exit(worst(error.exit for error in failures.values()))


if __name__ == "__main__":
    main(sys.argv[1])

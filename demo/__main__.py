"""`make demo`: plays the story on a stage of its own, and leaves nothing behind, however it ends."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from demo.daemon import DaemonFailedError
from demo.interrupt import listen
from demo.keep import keep
from demo.report import Report
from demo.servers import MissingServerError
from demo.stage import stage
from demo.story import open_story, tell


def main() -> int:
    options = _options()
    report = Report()
    listen()
    try:
        with stage() as here, ExitStack() as connections:
            story = open_story(report, here, connections)
            agreed = tell(story, options.seconds)
            if options.keep:
                story.daemon.start()
                keep(report, here, story.daemon)
    except KeyboardInterrupt:
        report.trouble("It was interrupted. Servers and files are gone.")
        return 130
    except (MissingServerError, DaemonFailedError) as error:
        report.trouble(str(error))
        return 1
    report.verdict(agreed=agreed)
    return 0 if agreed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Two databases come into step, and stay so, whatever happens.")
    parser.add_argument("--seconds", type=float, default=15, help="how long users work before the daemon is killed (15)")
    parser.add_argument("--keep", action="store_true", help="leave servers and daemon running at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""The suites that talk to servers, against other versions of them: `python -m tests.matrix [NAME…]`, one line of a table each.

`.ci/servers` fetches a version; what the tests print goes to `.venv/servers/NAME.log`. What a build or a server lacks by its nature is skipped with its reason (`LACKING`), nothing else.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.servers import MariaDB, PostgreSQL, running

ROOT = Path(__file__).parent.parent
SUITES = ("tests/contract", "tests/crash", "tests/end_to_end")

LACKING = (
    (r"postgresql-16", r"test_postgresql_target|test_types_|test_alike_keys|test_postgresql_catalogue|differential|expression_types|same_text_and_types",
     "this build comes without extensions, XML, collations and time zones of its own"),
    (r"postgresql-16", r"(over|through|under)_tls|test_certificates.*postgresql", "this build comes without TLS"),
    (r"postgresql-1[78]", r"differential.*(\[interval\]|\[temporal\]|test_any_expression)", "intervals may be infinite there; expressions have those of before"),
    (r"postgresql-18", r"differential.*\[json\]|test_nfc_is_postgresqls", "JSON's null is NULL in a cast there, and its Unicode is newer than Python's"),
    (r"mariadb-10\.5", r"mysql_target.*uuid|uca1400", "this version has no type uuid and no UCA 14 collations"),
    (r"mysql", r"test_mysql_.*(compressed|sequence|uuid|inet6)", "MariaDB alone has it"),
    (r"mysql|mariadb-10\.5", r"a partition becomes a table", "MariaDB alone has it, since 10.7"),
    (r"mysql", r"another_engine", "under GTIDs it refuses transactions over tables of two engines"),
)  # fmt: skip
"""(server, test, reason), as regular expressions."""


def reason(server: str, test: str) -> str | None:
    """Return why a test can't be run on a server, or None when it can."""
    for servers, tests, why in LACKING:
        if re.match(servers, server) and re.search(tests, test):
            return why
    return None


@dataclass
class Outcome:
    server: str
    version: str
    passed: int
    skipped: int
    failed: list[str]
    seconds: float

    def line(self) -> str:
        return f"| {self.server} | {self.version} | {self.passed} | {self.skipped} | {len(self.failed)} | {self.seconds:.0f} |"


def main(names: list[str]) -> int:
    names = names or _fetch().split()
    outcomes = []
    print("| server | version | passed | skipped | failed | seconds |\n|---|---|---|---|---|---|", flush=True)
    for name in names:
        _fetch(name)
        outcomes.append(run(name))
        print(outcomes[-1].line(), flush=True)
    for outcome in outcomes:
        for test in outcome.failed:
            print(f"{outcome.server}: {test}", file=sys.stderr)
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, the other server being the system's own", file=sys.stderr)
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def run(name: str) -> Outcome:
    """Run the suites with one server in the place of the system's own."""
    folder = ROOT / ".venv/servers" / name
    variable = "CDC_POSTGRESQL" if name.startswith("postgresql") else "CDC_MYSQL"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cdc-matrix-") as scratch, folder.with_name(f"{name}.log").open("w") as log:
        report = Path(scratch) / "junit.xml"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "not soak and not packs", f"--junit-xml={report}", *SUITES],
            cwd=ROOT, env={**os.environ, variable: str(folder), "CDC_SERVER": name}, stdout=log, check=False,
        )  # fmt: skip
        cases = list(ET.parse(report).getroot().iter("testcase"))
    failed = [
        f"{case.get('classname')}::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return Outcome(name, version(name, folder), len(cases) - skipped - len(failed), skipped, failed, time.monotonic() - began)


def version(name: str, root: Path) -> str:
    """Ask the server itself."""
    with tempfile.TemporaryDirectory(prefix="cdc-matrix-") as scratch:
        Path(scratch).chmod(0o755)
        folder = Path(scratch) / "server"
        server = PostgreSQL(folder, root=root) if name.startswith("postgresql") else MariaDB(folder, root=root)
        with running(server), server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("show server_version" if isinstance(server, PostgreSQL) else "select version()")
            (text,) = cursor.fetchone() or ("",)
    return str(text).split(" ")[0]


def _fetch(*name: str) -> str:
    return subprocess.run([ROOT / ".ci/servers", *name], stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

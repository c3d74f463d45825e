"""`make demo` as a newcomer runs it: it tells its story, proves its point, and leaves nothing behind, however it ends."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import psycopg
import pymysql
import pytest

from demo.servers import PASSWORD

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workshop(folder):
    """A folder for temporary files, so that we see what is left."""
    path = folder / f"demo-{uuid4().hex[:6]}"
    path.mkdir()
    return path


@contextmanager
def demo(workshop, *options, **environment):
    """The demo as a process; `stdout` gives its lines as they come."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "demo", *options], cwd=ROOT, env={**os.environ, "TMPDIR": str(workshop), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def left_behind(workshop):
    """Files in the workshop, and processes that have it on their command line."""
    commands = {path.parent.name: path for path in Path("/proc").glob("[0-9]*/cmdline")}
    running = []
    for pid, path in commands.items():
        try:
            if str(workshop) in path.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                running.append(pid)
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    return [*workshop.iterdir(), *running]


def nothing_is_left(workshop):
    deadline = time.monotonic() + 20
    while left_behind(workshop) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left_behind(workshop) == []


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.timeout(300)
def test_the_demo_finds_no_difference_and_what_it_keeps_can_be_played_with_and_ended(workshop):
    with demo(workshop, "--seconds", "3", "--keep") as process:
        said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert "Both databases agree" in said
    assert "exit code 0" in said
    (folder,) = workshop.iterdir()
    psql = re.search(r"psql -h 127.0.0.1 -p (\d+)", said)
    client = re.search(r"mariadb -h 127.0.0.1 -P (\d+)", said)
    metrics = re.search(r"curl -s (\S+)", said)
    with psycopg.connect(host="127.0.0.1", port=psql[1], user="erp", password=PASSWORD, dbname="erp", autocommit=True) as erp:
        erp.execute("update customer set name = 'Played with' where code = 'PROBE'")
    client = pymysql.connect(host="127.0.0.1", port=int(client[1]), user="crm", password=PASSWORD, database="crm", autocommit=True)
    with client, client.cursor() as cursor:
        until(lambda: cursor.execute("select 1 from accounts where name = 'Played with'"))
    assert b"cdc_lag_seconds" in urlopen(metrics[1], timeout=10).read()
    subprocess.run(["sh", folder / "stop"], check=True, timeout=60)
    assert nothing_is_left(workshop)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_behind(workshop, number):
    with demo(workshop) as process:
        for line in process.stdout:
            if "first start" in line:
                break
        assert left_behind(workshop), "servers run by now"
        process.send_signal(number)
        said = process.stdout.read()
        assert process.wait(60) == 130, said
    assert nothing_is_left(workshop)


def test_a_demo_that_can_not_go_on_says_why_and_leaves_nothing_behind(workshop):
    with demo(workshop, PATH="/nowhere", CDC_MYSQL="/") as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "apt-get install mariadb-server-core" in said
    assert nothing_is_left(workshop)

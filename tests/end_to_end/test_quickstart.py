"""docs/quickstart.md, followed to the letter on servers of one's own: its SQL, its files, its commands, with the privileges that it grants."""

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from demo.servers import free_port

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/quickstart.md").read_text()
BLOCKS = re.findall(r"```(sql|yaml)\n(.*?)```", TEXT, re.DOTALL)


def sql(place):
    """The SQL blocks that begin with this comment."""
    return [text for kind, text in BLOCKS if kind == "sql" and text.startswith(f"-- {place}\n")]


@pytest.fixture(scope="module")
def databases(postgresql, mariadb):
    """Databases by the names of the document, and what removes its login."""
    postgresql.create("erp")
    mariadb.create("crm")
    yield
    with postgresql.connect() as connection:
        connection.execute("select pg_terminate_backend(active_pid) from pg_replication_slots where database = 'erp'")
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = 'erp'")
        connection.execute("drop database erp with (force)")
        connection.execute("drop role cdc_sync")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        for statement in ("drop database crm", "drop database if exists cdc", "drop user cdc_sync@'%'"):
            cursor.execute(statement)


@pytest.fixture(scope="module")
def on(postgresql, mariadb):
    """Run a block: on("erp", …), on("crm", …); returns the last statement's rows."""

    def erp(text):
        with postgresql.connect("erp") as connection:
            cursor = connection.execute(text)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def crm(text):
        with closing(mariadb.connect("crm")) as connection, connection.cursor() as cursor:
            for statement in re.sub(r"^--.*", "", text).split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
            return list(cursor.fetchall())

    return lambda side, text: (erp if side == "erp" else crm)(text)


@pytest.fixture(scope="module")
def config(databases, postgresql, mariadb, folder):
    """The document's files, with the test servers' ports."""
    here = folder / "quickstart"
    for text in (text for kind, text in BLOCKS if kind == "yaml"):
        path = here / text.partition("\n")[0].removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("5432", str(postgresql.port)).replace("3306", str(mariadb.port)).replace("9893", str(free_port())))
    for name in ("erp.password", "crm.password"):
        (here / name).write_text("choose-one\n")
        (here / name).chmod(0o600)
    return here / "cdc.yaml"


def cdc(config, *words, code=0):
    ended = subprocess.run(
        [sys.executable, "-m", "cdc", "-c", config, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def running(config):
    process = subprocess.Popen(
        [sys.executable, "-m", "cdc", "-c", config, "run"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_quickstart_does_what_it_says(config, on):
    for side in ("erp", "crm"):
        (tables, *_) = sql(f"on the {side.upper()}")
        on(side, tables)
        (grants, *_) = sql(f"on the {side.upper()}, as a superuser")
        on(side, grants)
    cdc(config, "check")
    assert "error[publisher]" in cdc(config, "check", "--connect", code=77)
    (publication,) = sql("on the ERP, as a superuser")[1:]
    assert publication.splitlines()[1].removesuffix(";") in cdc(config, "setup", "--dry-run")
    on("erp", publication)
    cdc(config, "check", "--connect")
    cdc(config, "setup")
    assert cdc(config, "setup", "--dry-run") == ""
    with running(config) as process:
        accounts = "select erp_code, name, email, deleted, rating from accounts order by erp_code"
        until(lambda: on("crm", accounts) == [("41", "Müller AG", "office@example.com", 0, None), ("42", "Żak s.r.o.", None, 0, None)])
        cases = "select id, subject, is_open, remark from support_case"
        until(lambda: on("erp", cases) == [(1, "Pump leaks", True, None)])
        for side in ("erp", "crm"):
            on(side, sql(f"on the {side.upper()}")[1])
        until(lambda: on("crm", accounts) == [("41", "Müller AG", "post@example.com", 0, "hot"), ("42", "Żak s.r.o.", None, 1, None)])
        until(lambda: on("erp", cases) == [(1, "Pump leaks", False, None)])
        states = json.loads(cdc(config, "status", "--format", "json"))["pipelines"]
        assert {name: state["state"] for name, state in states.items()} == {"erp_to_crm": "streaming", "crm_to_erp": "streaming"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert sql("on the ERP")[2:] == sql("on the CRM")[2:] == [], "every block has been run"

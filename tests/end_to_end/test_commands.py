"""The commands as an operator calls them: real processes, real servers, PostgreSQL to MariaDB."""

import json
import os
import re
import signal
import socket
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from demo.servers import PASSWORD, free_port
from tests import warm

ROOT = Path(__file__).parents[2]
MAPPING = """\
version: 1
mapping: customers
source: public.customer
target: accounts
key: [id]
where: active
columns:
  id: id
  name: upper(name)
"""


class Site:
    """A service file with its two databases, and the program that reads it."""

    def __init__(self, folder, erp, crm):
        self.folder, self.erp, self.crm, self.port = folder, erp, crm, free_port()
        (folder / "mappings").mkdir()
        self.mapping(MAPPING)
        self.write(erp.url(self.name), crm.url(self.name))
        self.started = []

    @property
    def name(self):
        return f"site_{self.folder.name}".replace("-", "_")

    def create(self):
        self.erp.create(self.name)
        self.crm.create(self.name)
        with self.erp.connect(self.name) as connection:
            connection.execute("create table customer (id int primary key, name text, active boolean)")
            connection.execute("insert into customer select n, 'name ' || n, n <> 3 from generate_series(1, 5) n")
        with self.crm.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute("create table accounts (id int primary key, name varchar(80))")
        return self

    def write(self, erp, crm, extra="", password=PASSWORD):
        (self.folder / "password").write_text(password + "\n")
        (self.folder / "password").chmod(0o600)
        (self.folder / "cdc.yaml").write_text(
            f"version: 1\n"
            f"databases:\n"
            f'  erp: {{url: "{erp}", password: "${{file:password}}"}}\n'
            f'  crm: {{url: "{crm}", password: "${{env:CRM_PASSWORD}}"}}\n'
            f"pipelines:\n"
            f"  {self.name[:30]}: {{source: erp, target: crm, mappings: mappings}}\n"
            f'metrics: {{listen: "127.0.0.1:{self.port}"}}\n{extra}'
        )

    def both_ways(self):
        (self.folder / "back").mkdir()
        (self.folder / "back" / "accounts.yaml").write_text(
            "version: 1\nmapping: accounts\nsource: accounts\ntarget: public.customer\nkey: [id]\ncolumns: {id: id, name: name}\n"
        )
        file = self.folder / "cdc.yaml"
        file.write_text(file.read_text().replace("metrics:", "  back: {source: crm, target: erp, mappings: back}\nmetrics:"))

    def mapping(self, text):
        (self.folder / "mappings" / "customers.yaml").write_text(text)

    def command(self, *arguments):
        return [sys.executable, "-m", "cdc", "-c", str(self.folder / "cdc.yaml"), *arguments]

    @property
    def environment(self):
        return {**os.environ, "CRM_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT) + ":" + os.environ.get("PYTHONPATH", "")}

    def cdc(self, *arguments, given=None):
        """Run a command to its end: (exit code, stdout, stderr)."""
        done = warm.run(self.command(*arguments), self.environment, self.folder, given)
        assert PASSWORD not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    def start(self, *arguments):
        with (self.folder / "log").open("ab") as log:
            process = warm.start(self.command("run", *arguments), log, log, self.environment, self.folder)
        self.started.append(process)
        return process

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def get(self, path):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def accounts(self):
        with self.crm.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute("select id, name from accounts order by id")
            return cursor.fetchall()

    def status(self):
        code, out, _ = self.cdc("status", "--format", "json")
        return code, json.loads(out)["pipelines"][self.name[:30]]

    def slots(self):
        with self.erp.connect(self.name) as connection:
            return connection.execute("select slot_name from pg_replication_slots where database = %s", (self.name,)).fetchall()


def until(true, seconds=60):
    """Wait until it is true, and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def site(tmp_path_factory, postgresql, mariadb):
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("drop database if exists cdc")  # other tests' pipelines share it: `setup` has to make it here
    made = Site(tmp_path_factory.mktemp("cdc"), postgresql, mariadb).create()
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.wait()
    made.cdc("teardown", "--yes")


LOADED = ((1, "NAME 1"), (2, "NAME 2"), (4, "NAME 4"), (5, "NAME 5"))


def test_from_check_to_teardown(site):
    assert site.cdc("check") == (0, "", "1 pipeline, 1 mapping: no problems; `cdc check --connect` asks the servers, too\n")
    code, out, err = site.cdc("check", "--connect")
    assert (code, err) == (0, "1 pipeline, 1 mapping: 3 warnings, 1 note\n"), out
    assert "note[may-not-fit]: column 'name': a text may be longer than 80 characters" in out
    assert sorted(set(re.findall(r"warning\[([a-z-]+)\]", out))) == ["durability", "where-not-logged"]
    assert out.count("where-not-logged") == 1
    assert site.slots() == []

    code, sql, _ = site.cdc("setup", "--dry-run")
    assert code == 0
    assert "-- on crm:\ncreate table" in sql
    assert "-- on erp:\ncreate publication" in sql
    assert site.slots() == []
    code, done, _ = site.cdc("setup")
    assert (code, done) == (0, sql)
    assert len(site.slots()) == 1
    assert site.cdc("setup")[:2] == (0, "")
    assert site.status()[1]["state"] == "stopped"

    assert site.cdc("run", "--once")[0] == 0
    assert site.accounts() == LOADED
    with site.erp.connect(site.name) as connection:
        connection.execute("update customer set name = 'changed' where id = 1")
    assert site.cdc("run", "--once")[0] == 0
    assert site.accounts()[0] == (1, "CHANGED")
    code, lag, _ = site.cdc("lag", "--max", "1h", "--format", "json")
    assert (code, list(json.loads(lag)["lag_seconds"])) == (
        0,
        [site.name[:30]],
    )  # the server's own records may have come since: not always 0
    with site.erp.connect(site.name) as connection:
        connection.execute("update customer set name = 'again' where id = 1")
    assert site.cdc("lag")[0] == 0
    assert site.cdc("lag", "--max", "0.001s")[0] == 4
    assert "write a time such as 10s" in site.cdc("lag", "--max", "soon")[2]
    code, status = site.status()
    assert (code, status["state"], status["rows_applied"], status["last_error"], status["parked"]) == (0, "stopped", 5, None, 0)
    assert status["position"]

    code, _, err = site.cdc("teardown")
    assert (code, "--yes" in err) == (2, True)
    assert len(site.slots()) == 1
    code, out, _ = site.cdc("teardown", "--yes")
    assert (code, "drop publication" in out) == (0, True)
    assert site.slots() == []
    assert site.accounts()[0] == (1, "CHANGED")
    assert site.status()[1]["position"] is None


def test_a_daemon_from_start_to_stop(site):
    process = site.start()
    until(lambda: site.accounts() == LOADED)
    until(lambda: site.get("/readyz")[0] == 200)
    with site.erp.connect(site.name) as connection:
        connection.execute("insert into customer values (6, 'six', true)")
        connection.execute("delete from customer where id = 2")
    until(lambda: [row[0] for row in site.accounts()] == [1, 4, 5, 6])
    pipeline = site.name[:30]
    until(lambda: f'cdc_lag_bytes{{pipeline="{pipeline}"}} NaN' not in site.get("/metrics")[1])
    metrics = site.get("/metrics")[1]
    assert f'cdc_rows_total{{op="delete",pipeline="{pipeline}",table="customers"}} 1.0' in metrics
    assert f'cdc_pipeline_up{{pipeline="{pipeline}"}} 1.0' in metrics
    assert site.get("/healthz")[0] == 200
    code, status = site.status()
    assert (code, status["state"], status["last_error"]) == (0, "streaming", None)
    assert status["lag_seconds"] < 5

    code, _, err = site.cdc("run", "--once")
    assert (code, "error: " in err, "runs in another process" in err, "hint: " in err) == (75, True, True, True), err
    code, _, err = site.cdc("teardown", "--yes")
    assert (code, "is run by" in err) == (75, True), err

    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert site.get("/healthz")[0] == 0
    assert site.status()[1]["state"] == "stopped"
    events = [json.loads(line) for line in site.log.splitlines()]
    assert {"the initial load begins", "the pipeline streams", "the pipeline stops"} <= {event["event"] for event in events}
    assert PASSWORD not in site.log


def test_a_port_in_use_is_refused_before_anything_runs(site):
    with socket.create_server(("127.0.0.1", site.port)):
        code, _, err = site.cdc("run")
    assert (code, f"127.0.0.1:{site.port}" in err, "hint: " in err) == (78, True, True)
    assert site.slots() == []


def test_a_second_process_of_the_same_file_is_told_who_runs_the_pipeline(site):
    first = site.start()
    until(lambda: site.get("/readyz")[0] == 200)
    code, _, err = site.cdc("run")
    assert (code, str(first.pid) in err, "hint: " in err) == (75, True, True)
    first.send_signal(signal.SIGINT)
    assert first.wait(30) == 0


def test_a_mapping_that_is_wrong_starts_nothing(site):
    site.mapping(MAPPING.replace("upper(name)", "upper(nam)").replace("where: active", "where: active and"))
    code, out, err = site.cdc("check", "--connect")
    assert code == 78, err
    assert "customers.yaml:6:" in out
    assert site.cdc("run", "--once")[0] == 78
    assert site.cdc("setup")[0] == 78
    assert site.slots() == []
    assert site.accounts() == ()


def test_a_column_that_does_not_exist_is_found_on_the_server(site):
    site.mapping(MAPPING.replace("upper(name)", "upper(nam)"))
    code, out, _ = site.cdc("check", "--connect", "--format", "json")
    report = json.loads(out)
    assert (code, report["exit"]) == (78, 78)
    errors = [problem for problem in report["problems"] if problem["level"] == "error"]
    assert [(error["line"], error["code"], "name" in error["help"]) for error in errors] == [(9, "unknown-column", True)]
    code, _, err = site.cdc("run", "--once")
    assert (code, "nam" in err) == (78, True)
    assert site.slots() == []


@pytest.mark.parametrize(
    "command", [("check", "--connect"), ("setup",), ("run", "--once"), ("status",), ("teardown", "--yes")], ids=lambda c: c[0]
)
def test_a_server_that_is_down_is_69(site, command):
    site.write(site.erp.url(site.name), f"mysql://cdc@127.0.0.1:{free_port()}/{site.name}")
    code, out, err = site.cdc(*command)
    assert code == 69, err
    assert "crm" in out + err
    assert "Traceback" not in err


# torture: K05, O03
def test_a_password_that_is_wrong_is_77_and_not_shown(site):
    site.write(site.erp.url(site.name), site.crm.url(site.name), password="canary-password")
    for command in (("check", "--connect"), ("run", "--once")):
        code, out, err = site.cdc(*command)
        assert (code, "canary-password" in out + err) == (77, False), err


def test_a_daemon_waits_for_a_server_that_is_down(site):
    site.write(site.erp.url(site.name), f"mysql://cdc@127.0.0.1:{free_port()}/{site.name}")
    process = site.start()
    until(lambda: "backoff" in site.get("/readyz")[1])
    code, body = site.get("/status")
    assert (code, "crm" in json.loads(body)["pipelines"][site.name[:30]]["last_error"]) == (200, True)
    assert site.get("/healthz")[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_two_directions_in_one_process(site):
    """Each applies what the other database's application wrote, and nothing that came from there."""
    site.both_ways()
    assert site.cdc("run", "--once")[0] == 0
    with site.crm.connect(site.name) as connection, connection.cursor() as cursor:
        cursor.execute("insert into accounts values (100, 'HUNDRED')")
    with site.erp.connect(site.name) as connection:
        connection.execute("insert into customer values (200, 'two hundred', true)")
    process = site.start()
    until(lambda: {100, 200} <= {row[0] for row in site.accounts()})
    with site.erp.connect(site.name) as connection:
        until(lambda: connection.execute("select from customer where id = 100 and name = 'HUNDRED'").fetchone() is not None)
    until(lambda: site.get("/readyz")[0] == 200)
    process.terminate()
    assert process.wait(30) == 0


def test_show_prints_the_generated_function(site):
    code, out, err = site.cdc("mapping", "show", "customers")
    assert code == 0, err
    assert "def " in out
    code, _, err = site.cdc("mapping", "show", "customer")
    assert (code, "did you mean 'customers'?" in err) == (2, True)


def test_a_pipeline_that_does_not_exist_is_wrong_usage(site):
    code, _, err = site.cdc("run", "erp_to_crn")
    assert (code, "no pipeline 'erp_to_crn'" in err) == (2, True)

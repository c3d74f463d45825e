"""Planted passwords and row values, and a look at everything that comes out of the program for them: none is to be found anywhere."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from cdc.app.cli import invoke
from cdc.failpoint import VARIABLE
from demo.servers import PASSWORD
from tests.service import Service

SECRET = "pw-canary-81c7"
ROWS = ("name-canary-5a11", "mail-canary-93d0", "size-canary-27be", "note-canary-6c6f")
MAPPING = """\
version: 1
mapping: person
source: person
target: human
key: [id]
columns: {id: id, name: name, mail: mail, size: cast(size as integer), note: note}
"""
SOURCE = "create table person (id int primary key, name varchar(60), mail varchar(60), size varchar(60), note varchar(60))"
TARGET = "create table human (id int primary key, name varchar(60), mail varchar(60) unique, size int not null, note varchar(10))"
NAME, MAIL, SIZE, NOTE = ROWS
BAD = (
    f"insert into person values (1, '{NAME}', '{MAIL}', '1', 'short')",
    f"insert into person values (2, '{NAME}', '{MAIL} 2', '{SIZE}', 'short')",  # no number
    f"insert into person values (3, '{NAME}', '{MAIL}', '3', 'short')",  # the mail is somebody's already
    f"insert into person values (4, '{NAME}', '{MAIL} 4', '4', '{NOTE}')",  # too long for the target
    f"insert into person values (5, '{NAME}', '{MAIL} 5', null, 'short')",  # NULL where none may be
    f"update person set name = '{NAME} too' where id = 2",  # behind another
)
USERS = {
    "postgresql": (f"create role teller superuser login replication password '{SECRET}'", "drop role teller"),
    "mysql": (
        f"create user teller@'127.0.0.1' identified by '{SECRET}'",
        "drop user teller@'127.0.0.1'",
    ),
}


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    servers = {"erp": request.getfixturevalue("postgresql"), "crm": request.getfixturevalue("mariadb")}
    made = Service(tmp_path, servers, {"p": ("erp", "crm", MAPPING)}, options="heartbeat: off")
    for name, server in servers.items():
        made.sql(name, USERS[server.engine][0])
    made.sql("crm", "grant all on *.* to teller@'127.0.0.1'", TARGET)
    made.sql("erp", SOURCE)
    told(made, SECRET)
    yield made
    made.close()
    for name, server in servers.items():
        with server.connect(*(["postgres"] if name == "erp" else [])) as connection:
            connection.cursor().execute(USERS[server.engine][1])


def told(service: Service, password: str) -> None:
    """Write the service file anew, for accounts with this password."""
    path = service.folder / "cdc.yaml"
    text = path.read_text().replace("cdc@", "teller@")
    for before in (PASSWORD, SECRET, f"{SECRET}-wrong"):
        text = text.replace(f'password: "{before}"', f'password: "{password}"')
    path.write_text(text)


def said(service: Service, *words: str) -> str:
    done = service.command("-v", *words)
    return done.stdout + done.stderr


def commands(service: Service, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, str]]:
    """Whatever can be asked while rows wait, in both forms."""
    name = service.names["p"]
    numbers = [one["id"] for one in json.loads(service.command("parked", "list", "--format", "json").stdout)]
    assert len(numbers) == 5
    asked = [["check"], ["check", "--connect"], ["status"], ["status", "--format", "json"], ["lag"], ["position", "show", name]]
    asked += [["verify", name, "--wait", "0"], ["verify", name, "--wait", "0", "--format", "json"], ["mapping", "show", "person"]]
    asked += [["parked", "list"], ["parked", "list", "--format", "json"], ["parked", "replay", "--mapping", "person", "--yes"]]
    asked += [["parked", "show", str(number), "--format", "json"] for number in numbers[:2]]
    asked += [
        ["parked", "show", str(numbers[0])],
        ["parked", "show", str(numbers[0]), "--to-test"],
        ["pause", name],
        ["resume", name],
    ]
    for words in asked:
        invoke(["-v", "-c", str(service.folder / "cdc.yaml"), *words])
        yield " ".join(words), "".join(capsys.readouterr())
    yield "run", said(service, "run")  # it names the one that runs


def served(service: Service) -> Iterator[tuple[str, str]]:
    for path in ("metrics", "status", "healthz", "readyz"):
        with urlopen(f"http://127.0.0.1:{service.port}/{path}", timeout=10) as answer:
            yield path, answer.read().decode()


# torture: K05, K13, I13
def test_no_password_and_no_row_value_comes_out_anywhere(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = {"setup": said(service, "run", "--once")}
    service.start({VARIABLE: "apply.pre_commit:1:raise:1213"})  # a batch that fails at first, with its rows at hand
    service.until(lambda: service.state("p") == "streaming")
    service.sql("erp", *BAD)
    waiting = f"select count(*) from cdc.parked where pipeline = '{service.names['p']}'"
    service.until(lambda: service.sql("crm", waiting) == [(5,)])
    outputs |= dict(commands(service, capsys))
    service.until(lambda: service.state("p") == "streaming")
    outputs |= dict(served(service))
    assert service.process is not None
    service.process.send_signal(signal.SIGUSR1)
    outputs["command line"] = Path(f"/proc/{service.process.pid}/cmdline").read_text()
    service.stop()
    told(service, f"{SECRET}-wrong")
    outputs["wrong password"] = said(service, "run", "--once") + said(service, "check", "--connect")
    told(service, SECRET)
    outputs["log"] = (service.folder / "log").read_text()
    outputs["audit"] = str(service.sql("crm", "select * from cdc.audit_trail"))
    outputs["reasons"] = str(service.sql("crm", "select message, hint, cause from cdc.parked"))

    assert service.sql("crm", f"select count(*) from human where name = '{NAME}' and mail = '{MAIL}'") == [(1,)], "nothing was planted"
    assert len(outputs) > 22 and all(outputs.values()), [name for name, text in outputs.items() if not text]
    found = {(name, canary) for name, text in outputs.items() for canary in (SECRET, *ROWS) if canary in text}
    assert not found
    ((number,),) = service.sql("crm", f"select id from cdc.parked where new_row like '%{SIZE}%' and cause is not null")
    show = service.command("parked", "show", "--values", "--format", "json", str(number))
    assert SIZE in show.stdout, "who asks for values is shown them"

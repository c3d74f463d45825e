"""The logins that the packs' READMEs make: what `cdc check --connect` finds with exactly those privileges."""

import json
import re
from contextlib import closing
from uuid import uuid4

import pytest

from tests.packs.conftest import BACK, FORTH
from tests.packs.tryton import ROOT

pytestmark = pytest.mark.packs
AGAIN = re.compile(r"and the second line again for (.*?)(?:; then|\.\n)", re.DOTALL)


def statements(pack):
    """The README's SQL of its logins, the lines that it asks to repeat repeated: (block, what stands behind it)."""
    text = (ROOT / "mappings" / pack / "README.md").read_text().partition("## Before the first run")[2]
    for found in re.finditer(r"```sql\n(.*?)```(.*?)(?=```|\Z)", text, re.DOTALL):
        lines = [" ".join(part.split()) for part in found[1].split(";") if part.strip()]
        again = AGAIN.match(found[2].lstrip())
        tables = re.findall(r"`(\w+)`", again[1]) if again else []
        yield from lines
        yield from (re.sub(r"(?<=on suitecrm\.)\w+", table, lines[1]) for table in tables)


@pytest.fixture
def login(service):
    """A login of both servers with what the READMEs grant; returns its name."""
    name = f"cdc_{uuid4().hex[:10]}"
    erp, crm = service.servers["erp"], service.servers["crm"]
    rights = [
        one.replace("cdc_sync", name).replace("suitecrm.", f"{service.names['crm']}.") for pack in (FORTH, BACK) for one in statements(pack)
    ]
    with erp.connect(service.names["erp"]) as connection, closing(crm.connect()) as beside, beside.cursor() as cursor:
        for one in rights:
            if "@'%'" in one:
                cursor.execute(one)
            else:
                connection.execute(one)
        connection.execute(f"alter schema crm_inbox owner to {name}")
        for (table,) in connection.execute("select tablename from pg_tables where schemaname = 'crm_inbox'").fetchall():
            connection.execute(f"alter table crm_inbox.{table} owner to {name}")
    yield name
    with erp.connect(service.names["erp"]) as connection, closing(crm.connect()) as beside, beside.cursor() as cursor:
        connection.execute(f"reassign owned by {name} to cdc")
        connection.execute(f"drop owned by {name}")
        connection.execute("drop schema if exists cdc cascade")
        connection.execute(f"drop role {name}")
        cursor.execute(f"drop user {name}@'%'")


def test_the_privileges_of_the_readmes_are_enough(service, login):
    """With the publication, which only the tables' owner can make, and for which `cdc setup --dry-run` prints the statement."""
    config, file = (service.folder / "cdc.yaml").read_text(), service.folder / "granted.yaml"
    file.write_text(config.replace("//cdc@", f"//{login}@").replace('password: "secret"', 'password: "choose-one"'))
    file.chmod(0o600)
    printed = service.command("-c", str(file), "setup", "--dry-run").stdout
    made = re.findall(r"create publication .*?;", printed, re.DOTALL)
    assert len(made) == 1
    service.sql("erp", *made)
    done = service.command("-c", str(file), "check", "--connect", "--format", "json")
    found = json.loads(done.stdout)
    wrong = [(one["database"], one["code"], one["message"]) for one in found["findings"] if one["level"] == "error"]
    assert [one for one in found["problems"] if one["level"] == "error"] == []
    assert (wrong, done.returncode) == ([], 0)

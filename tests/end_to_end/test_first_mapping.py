"""The page about a first mapping, done: its statements, files and commands in their order, and what it shows is what comes out.

UPDATE_DOCS=1 writes what the program says into the page.
"""

import os
import re
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from demo.servers import PASSWORD
from tests import warm

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/first-mapping.md"
STEP = re.compile(r"^```(?P<kind>\w+)\n(?P<block>.*?)^```$|^ {4}cdc (?P<command>[^#\n]+)(?P<remark>#[^\n]*)?$", re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who follows the page."""

    def __init__(self, folder, erp, crm):
        self.folder, self.erp, self.crm, self.name, self.said = folder, erp, crm, f"first_{uuid4().hex[:8]}", ""
        self.hash = ""
        erp.create(self.name)
        crm.create(self.name)
        for database in ("erp", "crm"):
            (folder / f"{database}.password").write_text(PASSWORD)
            (folder / f"{database}.password").chmod(0o600)

    def sql(self, text):
        if text.startswith("-- on the ERP"):
            with self.erp.connect(self.name) as connection:
                connection.execute(text)
            return
        with closing(self.crm.connect(self.name)) as connection, connection.cursor() as cursor:
            for statement in text.partition("\n")[2].split(";\n"):
                if statement.strip():
                    cursor.execute(statement)

    def cdc(self, words, code=0):
        erp, crm = f"127.0.0.1:{self.erp.port}/{self.name}", f"127.0.0.1:{self.crm.port}/{self.name}"
        given = words.replace("HASH", self.hash).replace("127.0.0.1:5432/erp", erp).replace("127.0.0.1:3306/crm", crm).split()
        done = warm.run([sys.executable, "-m", "cdc", *given], cwd=self.folder)
        assert done.returncode == code, f"cdc {words}: {done.stdout}{done.stderr}"
        self.hash = (re.findall(r"(?<=plan_hash )\w+", done.stdout) or [self.hash])[0]
        self.said = re.sub(r"(?<=plan_hash )\w+", "63fec23a1ddbf807", done.stdout.replace(self.name, "crm"))

    def file(self, text):
        """Write a file, change one line of it, or return what was proposed for it."""
        head, _, body = text.partition("\n")
        path, _, what = head.removeprefix("# ").partition(" ")
        file = self.folder / path.rstrip(":,")
        if what == "as proposed":
            return file.read_text().replace(self.name, "crm")
        if what:
            body = re.sub(rf"^  {what}:.*\n", lambda _: body, file.read_text(), flags=re.MULTILINE)
        file.write_text(body)
        return None

    def step(self, found):
        """Do one step; return what the page should show instead of its block, or None."""
        if found["command"]:
            code = re.search(r"ends with (\d+)", found["remark"] or "")
            return self.cdc(found["command"].strip(), int(code[1]) if code else 0)
        if found["kind"] == "sql":
            return self.sql(found["block"])
        if found["kind"] == "text":
            return "".join(f"{line.rstrip()}\n" for line in self.said.rstrip().splitlines())
        proposed = self.file(found["block"])
        return proposed and found["block"].partition("\n")[0] + "\n" + proposed


@pytest.fixture
def reader(tmp_path, postgresql, mariadb):
    made = Reader(tmp_path, postgresql, mariadb)
    yield made
    if (tmp_path / "cdc.yaml").exists():
        made.cdc("teardown --yes")
    with closing(mariadb.connect(made.name)) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {made.name}")


def test_the_page_does_what_it_says(reader):
    page = PAGE.read_text()

    def shown(found):
        text = reader.step(found)
        return found[0] if text is None else f"```{found['kind']}\n{text}```"

    made = STEP.sub(shown, page)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made)
    assert made == PAGE.read_text()
    with closing(reader.crm.connect(reader.name)) as connection, connection.cursor() as cursor:
        cursor.execute("select erp_code, name, bonus from accounts order by erp_code")
        assert cursor.fetchall() == (("41", "Müller AG", 25), ("42", "Żak s.r.o.", None), ("43", "Ann Old", 50))

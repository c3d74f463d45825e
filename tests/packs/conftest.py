"""What the packs' tests ask for: both packs running between a fresh copy of a Tryton company and a SuiteCRM without any rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from demo.servers import MariaDB, PostgreSQL
from tests.packs.suitecrm import SUITECRM
from tests.packs.tryton import ROOT, Tryton, world
from tests.service import Service

FORTH, BACK = "tryton_to_suitecrm", "suitecrm_to_tryton"
IDLE = 0.5
DOLLARS = "5f6e1c52-dollars"
"""The id of the CRM's second currency."""
LOADED = "There before"
"""A party that the initial load finds."""


@pytest.fixture(scope="session")
def company(postgresql: PostgreSQL, request: pytest.FixtureRequest) -> str:
    return world(postgresql, request.config.cache.mkdir("tryton"))


@pytest.fixture(scope="module")
def service(company: str, postgresql: PostgreSQL, mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Both packs, not running yet. A module's tests share it: each makes records of its own."""
    packs = {name: {file.stem: file.read_text() for file in (ROOT / "mappings" / name).glob("*.yaml")} for name in (FORTH, BACK)}
    pipelines = {FORTH: ("erp", "crm", packs[FORTH]), BACK: ("crm", "erp", packs[BACK])}
    given = Service(tmp_path_factory.mktemp("service"), {"erp": postgresql, "crm": mariadb}, pipelines, IDLE)
    for file in (ROOT / "mappings" / FORTH).glob("*.csv"):
        shutil.copy(file, given.folder / FORTH)
    with (given.folder / FORTH / "currencies.csv").open("a") as lines:
        lines.write(f"USD,{DOLLARS}\n")
    _copy(given, company)
    given.sql("crm", *SUITECRM)
    for script in (f"{FORTH}/prepare.sql", f"{BACK}/inbox.sql"):
        given.sql("erp", (ROOT / "mappings" / script).read_text())
    yield given
    given.close()


@pytest.fixture(scope="module")
def tryton(service: Service) -> Iterator[Tryton]:
    at_work = Tryton(service.servers["erp"], service.names["erp"])
    yield at_work
    at_work.close()


@pytest.fixture(scope="module")
def running(service: Service, tryton: Tryton) -> Iterator[Service]:
    mails = [{"type": "email", "value": "before@x.example"}]
    tryton.new("party.party", name=LOADED, contact_mechanisms=[("create", mails)])
    service.start()
    service.until(lambda: {service.state(name) for name in (FORTH, BACK)} == {"streaming"}, lambda: service.state(FORTH))
    yield service
    service.stop()


def _copy(given: Service, company: str) -> None:
    """Put a copy of the company in the place of the empty database."""
    given.connections["erp"].close()
    name = given.names["erp"]
    with given.servers["erp"].connect() as connection:
        connection.execute(f'drop database "{name}"')
        connection.execute(f'create database "{name}" template "{company}"')
    given.connections["erp"] = given.servers["erp"].connect(name)

"""Texts cleansed and masked, and what a change says of itself, from one real server to the other."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from tests.service import Service

SALT = "0f4d8e11f2a7c3b9CANARY"
MAPPING = """\
version: 1
mapping: people
source: person
target: contact
key: [id]
columns:
  id: id
  name: title_case(clean_spaces(name))
  phone: coalesce(clean_phone(phone, clean_country(country)), phone)
  email: clean_email(email)
  email_hash: hash_sha256(clean_email(email))
  card: mask(card, 0, 4)
  was: old.phone
  how: op()
  at: cast(coalesce(commit_time(), timestamptz '2000-01-01') as timestamp(0))
"""
PERSON = "create table person (id int primary key, name varchar(80), phone varchar(40), country varchar(40), email varchar(80), card varchar(20))"
CONTACT = {
    True: "create table contact (id int primary key, name varchar(80), phone varchar(40), email varchar(400), email_hash varchar(64),"
    " card varchar(20), was varchar(40), how varchar(6), at timestamp(0))",
    False: "create table contact (id int primary key, name varchar(80), phone varchar(40), email varchar(400), email_hash varchar(64),"
    " card varchar(20), was varchar(40), how varchar(6), at datetime)",
}
LOADED = "insert into person values (1, '  ANNA   o''neill ', '030 123456', 'Deutschland', ' Anna@EXAMPLE.com ', '4111111111111111')"
HASH = sha256(f"{SALT}Anna@example.com".encode()).hexdigest()
NEVER = datetime(2000, 1, 1)  # noqa: DTZ001 - as drivers give it


@pytest.fixture(params=[("postgresql", "mariadb"), ("mariadb", "postgresql")], ids="-to-".join)
def service(request, tmp_path):
    servers = dict(zip(("erp", "crm"), map(request.getfixturevalue, request.param), strict=True))
    made = Service(tmp_path, servers, {"people": ("erp", "crm", MAPPING)})
    (tmp_path / "salt").write_text(SALT + "\n")
    (tmp_path / "salt").chmod(0o600)
    with (tmp_path / "cdc.yaml").open("a") as file:
        file.write('masking: {salt: "${file:salt}"}\n')
    made.sql("erp", PERSON)
    made.sql("crm", CONTACT[made.is_postgresql("crm")])
    yield made
    made.close()


def contacts(service):
    return service.sql("crm", "select id, name, phone, email, email_hash, card, was, how, at from contact order by id")


def test_texts_are_cleansed_and_changes_speak_for_themselves(service):
    if service.is_postgresql("erp"):
        refused = service.command("run", "--once")
        assert refused.returncode == 78
        assert "the column 'was' needs the old column 'phone', which the log does not carry" in refused.stderr
        service.sql("erp", "alter table person replica identity full")
    service.sql("erp", LOADED)
    service.once()
    loaded = (1, "Anna O'Neill", "+4930123456", "Anna@example.com", HASH, "************1111", None, "insert", NEVER)
    assert contacts(service) == [loaded]
    service.sql("erp", "update person set phone = '0171 1234567' where id = 1", "insert into person (id, phone) values (2, 'on request')")
    service.once()
    updated, inserted = contacts(service)
    assert updated[:-1] == (1, "Anna O'Neill", "+491711234567", "Anna@example.com", HASH, "************1111", "030 123456", "update")
    assert inserted[:-1] == (2, None, "on request", None, None, None, None, "insert")
    now = datetime.now(UTC).replace(tzinfo=None)
    assert all(now - timedelta(minutes=5) < row[-1] < now + timedelta(seconds=2) for row in (updated, inserted))
    before = contacts(service)
    service.once()
    assert contacts(service) == before


def test_the_salt_shows_nowhere(service):
    if service.is_postgresql("erp"):
        service.sql("erp", "alter table person replica identity full")
    service.sql("erp", LOADED)
    for words in (("check", "--connect"), ("mapping", "show", "people"), ("--verbose", "run", "--once")):
        said = service.command(*words)
        assert "CANARY" not in said.stdout + said.stderr, words
    assert said.returncode == 0


def test_without_a_salt_nothing_is_started(service):
    text = (service.folder / "cdc.yaml").read_text()
    (service.folder / "cdc.yaml").write_text(text.partition("masking:")[0])
    refused = service.command("check")
    assert refused.returncode == 78
    assert "error[no-salt]: hash_sha256 needs a salt" in refused.stdout

"""The salt of the service file: it reaches every mapping and shows nowhere."""

from pathlib import Path

import pytest

from cdc.app.service.config import load
from cdc.mapping.files.problem import failed, render
from cdc.model.table import Column
from tests.definitions import INT, compiled, shape, table, varchar

SALT = "0f4dCANARY8e11f2a7"
MAPPING = """version: 1
mapping: people
source: customer
target: person
key: [id]
columns:
  id: id
  email: hash_sha256(email)
"""
SERVICE = """version: 1
databases:
  erp: {{url: "postgresql://cdc@127.0.0.1:5432/erp", password: "${{env:P}}"}}
  crm: {{url: "mysql://cdc@127.0.0.1:3306/crm", password: "${{env:P}}"}}
pipelines:
  erp_to_crm: {{source: erp, target: crm, mappings: people.yaml}}
{masking}
"""
TABLES = (
    table("customer", [Column("id", INT), Column("email", varchar(80))]),
    table("person", [Column("id", INT), Column("email", varchar(64))]),
)


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(masking, mode=0o600):
        Path("people.yaml").write_text(MAPPING)
        Path("cdc.yaml").write_text(SERVICE.format(masking=masking))
        Path("cdc.yaml").chmod(mode)
        Path("salt").write_text(SALT + "\n")
        Path("salt").chmod(0o600)
        return load("cdc.yaml", {"P": "a-password", "SALT": SALT})

    return make


@pytest.mark.parametrize("reference", ["${file:salt}", "${env:SALT}"])
def test_the_salt_reaches_the_mapping_and_shows_nowhere(service, reference):
    settings, problems = service(f'masking: {{salt: "{reference}"}}')
    assert problems == []
    (spec,) = settings.pipelines["erp_to_crm"].specs
    plan, problems = compiled([spec], *TABLES)
    assert problems == []
    (made,) = plan.bind(shape(TABLES[0]))
    assert made.map_row(("1", "a@b.co"))[1] == ("1", "3130d37cf6984c6d25684639142e76dc98d11ef7e02c308318a381e5369ca3df")
    assert "CANARY" not in made.text + repr(settings) + repr(spec) + repr(plan)
    assert SALT in settings.secrets


def test_a_salt_in_the_file_works_and_is_starred_out(service):
    settings, problems = service(f"masking: {{salt: {SALT}}}")
    assert settings is not None
    assert [(problem.level.value, problem.code, problem.line) for problem in problems] == [("warning", "secret-in-file", 7)]
    assert "CANARY" not in render(problems)
    assert "*" * len(SALT) in render(problems)


def test_who_can_read_the_file_can_read_the_salt(service):
    _, problems = service(f"masking: {{salt: {SALT}}}", 0o604)
    assert {problem.code for problem in problems} == {"secret-in-file", "open-secret"}


def test_a_salt_of_digits_is_a_text(service):
    settings, problems = service("masking: {salt: 0123456789012345678901234567890}")
    assert not failed(problems)
    assert "0123456789012345678901234567890" in settings.secrets


@pytest.mark.parametrize(
    ("masking", "code", "message"),
    [
        ("masking: {salt: short-CANARY}", "short-salt", "the salt must have at least 16 characters"),
        ('masking: {salt: ""}', "short-salt", "the salt must have at least 16 characters"),
        ('masking: {salt: "${env:NONE}"}', "missing-secret", "the environment variable NONE is not set"),
        ("masking: {}", "missing-key", "'salt' is missing in 'masking'"),
        ("masking: {salt: [a]}", "wrong-type", "'salt' must be a text, found a list"),
        ("masking: {sal: x}", "unknown-key", "unknown key 'sal' in 'masking'"),
    ],
)
def test_what_is_no_salt(service, masking, code, message):
    settings, problems = service(masking)
    assert settings is None
    assert (code, message) in [(problem.code, problem.message) for problem in problems]
    assert "CANARY" not in render(problems)


def test_without_a_salt_nothing_is_hashed(service):
    settings, problems = service("")
    assert problems == []
    plan, problems = compiled(settings.pipelines["erp_to_crm"].specs, *TABLES)
    assert plan is None
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [("no-salt", 8, 10)]
    assert "masking: {salt:" in problems[0].help

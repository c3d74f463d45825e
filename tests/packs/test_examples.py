"""The packs as files: they read without a mistake, and do what their own examples say. Nothing has to be installed for this."""

import re

import pytest
from click.testing import CliRunner

from cdc.app.cli import root
from tests.packs.tryton import ROOT

SERVICE = """version: 1
databases:
  erp: {{url: "postgresql://cdc@127.0.0.1:1/tryton"}}
  crm: {{url: "mysql://cdc@127.0.0.1:1/suitecrm"}}
pipelines:
  tryton_to_suitecrm: {{source: erp, target: crm, mappings: {mappings}/tryton_to_suitecrm}}
  suitecrm_to_tryton: {{source: crm, target: erp, mappings: {mappings}/suitecrm_to_tryton}}
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "cdc.yaml").write_text(SERVICE.format(mappings=ROOT / "mappings"))
    return lambda *words: CliRunner().invoke(root, ["-c", str(tmp_path / "cdc.yaml"), *words])


def test_the_packs_have_no_problems(run):
    done = run("check")
    assert done.exit_code == 0, done.output
    written = len(list(ROOT.glob("mappings/*tryton*/*.yaml")))
    assert f"2 pipelines, {written} mappings: no problems" in done.output


def test_the_packs_do_what_their_examples_say(run):
    done = run("mapping", "test")
    assert done.exit_code == 0, done.output
    examples, failures = re.search(r"(\d+) examples, (\d+) failures", done.output).groups()
    assert int(examples) >= 10
    assert failures == "0"

"""The demo's mappings are right without any server, and do what their own examples say."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cdc.app.cli import root

ROOT = Path(__file__).parents[2]
SERVICE = """version: 1
databases:
  erp: {{url: "postgresql://cdc@127.0.0.1:1/erp"}}
  crm: {{url: "mysql://cdc@127.0.0.1:1/crm"}}
pipelines:
  erp_to_crm: {{source: erp, target: crm, mappings: {mappings}/erp_to_crm}}
  crm_to_erp: {{source: crm, target: erp, mappings: {mappings}/crm_to_erp}}
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "cdc.yaml").write_text(SERVICE.format(mappings=ROOT / "mappings"))
    return lambda *words: CliRunner().invoke(root, ["-c", str(tmp_path / "cdc.yaml"), *words])


def test_they_have_no_problems(run):
    done = run("check")
    assert done.exit_code == 0, done.output
    assert "no problems" in done.output


def test_each_has_examples_that_hold(run):
    done = run("mapping", "test")
    assert done.exit_code == 0, done.output
    examples, failures = re.search(r"(\d+) examples, (\d+) failures", done.output).groups()
    assert (int(examples) >= 20, failures) == (True, "0")
    files = [file for folder in ("erp_to_crm", "crm_to_erp") for file in (ROOT / "mappings" / folder).glob("*.yaml")]
    assert [file.name for file in files if "\ntests:" not in file.read_text()] == []

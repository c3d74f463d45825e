"""`cdc mapping functions` and `cdc mapping schema`: what mappings may say, as people and editors are told."""

import json

import pytest
from click.testing import CliRunner

from cdc.app.cli import root
from cdc.mapping.expression.vocabulary import FUNCTIONS
from cdc.mapping.files.mapping import ColumnFile, MappingFile


def said(*words, code=0):
    done = CliRunner().invoke(root, ["mapping", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_all_functions_are_listed_by_family():
    text = said("functions")
    assert all(f"  {usage}\n" in text for function in FUNCTIONS.values() for usage in function.usage)
    assert [one["name"] for one in json.loads(said("functions", "--format", "json"))] == list(FUNCTIONS)


def test_one_function_is_shown():
    (one,) = json.loads(said("functions", "stable_uuid", "--format", "json"))
    assert one["usage"][0].startswith("stable_uuid(")
    assert one["doc"] in said("functions", "stable_uuid")
    assert "did you mean 'stable_uuid'" in said("functions", "stable_uid", code=2)


@pytest.mark.parametrize(("words", "keys"), [((), set(MappingFile.model_fields)), (("--service-file",), {"databases", "pipelines"})])
def test_the_schema_has_every_key(words, keys):
    schema = json.loads(said("schema", *words))
    assert schema["$schema"].endswith("2020-12/schema")
    assert keys <= set(schema["properties"])
    if not words:
        assert {field.alias or name for name, field in ColumnFile.model_fields.items()} <= set(schema["$defs"]["ColumnFile"]["properties"])

from types import SimpleNamespace

import click
import pytest

from cdc.app.commands.run import _address
from cdc.app.files import chosen, count
from cdc.app.service.config import Listen
from cdc.model.errors import Misconfigured

PIPELINES = {name: SimpleNamespace(name=name, metrics=None) for name in ("erp_to_crm", "crm_to_erp")}
SETTINGS = SimpleNamespace(file="cdc.yaml", pipelines=PIPELINES, metrics=Listen("127.0.0.1", 9893))


def names(*given):
    return [pipeline.name for pipeline in chosen(SETTINGS, given)]


def test_all_are_meant_where_none_is_named():
    assert names() == ["erp_to_crm", "crm_to_erp"]


def test_those_that_are_named_once_each():
    assert names("crm_to_erp", "crm_to_erp") == ["crm_to_erp"]


@pytest.mark.parametrize(("given", "said"), [("erp_to_crn", "did you mean 'erp_to_crm'?"), ("x", "there are: erp_to_crm, crm_to_erp")])
def test_one_that_is_not_there_is_wrong_usage(given, said):
    with pytest.raises(click.UsageError) as raised:
        names(given)
    assert said in raised.value.message


def test_a_file_without_pipelines_runs_nothing():
    with pytest.raises(Misconfigured, match="no pipeline"):
        chosen(SimpleNamespace(file="cdc.yaml", pipelines={}), [])


def test_one_pipeline_alone_listens_at_its_own_address():
    own = SimpleNamespace(metrics=Listen("127.0.0.1", 1))
    assert _address(SETTINGS, [own]).port == 1
    assert _address(SETTINGS, [own, own]).port == 9893
    assert _address(SETTINGS, [PIPELINES["erp_to_crm"]]).port == 9893
    assert _address(SimpleNamespace(metrics=None), [own, own]) is None


def test_numbers_have_their_words():
    assert [count(number, "error") for number in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]

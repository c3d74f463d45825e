"""What `cdc verify --metrics` leaves for Prometheus."""

import stat

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cdc.app.monitor.verified_metrics import VERIFIED, Compared, write
from cdc.model.errors import Misconfigured

FOUND = [
    Compared("erp_to_crm", 'odd "name"\n', 7, {"missing": 0, "extra": 2}),
    Compared("erp_to_crm", "person", 0, {"missing": 1, "extra": 0}),
]


def read(path):
    families = list(text_string_to_metric_families(path.read_text()))
    return families, {
        (s.name, *(s.labels[name] for name in ("pipeline", "table", "kind") if name in s.labels)): s.value
        for family in families
        for s in family.samples
    }


def test_the_file_says_what_was_compared_and_when(tmp_path):
    path = tmp_path / "cdc.prom"
    path.write_text("of yesterday")
    write(path, FOUND, 1234.5)
    families, samples = read(path)
    assert [(family.name, family.type, family.documentation) for family in families] == [
        (f"cdc_{family.name}", family.kind, family.help) for family in VERIFIED
    ]
    assert samples[("cdc_verify_rows_compared", "erp_to_crm", 'odd "name"\n')] == 7
    assert samples[("cdc_verify_mismatched_rows", "erp_to_crm", 'odd "name"\n', "extra")] == 2
    assert samples[("cdc_verify_mismatched_rows", "erp_to_crm", "person", "extra")] == 0
    assert {value for (name, *_), value in samples.items() if name.endswith("timestamp_seconds")} == {1234.5}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_said_and_nothing_is_left(tmp_path):
    with pytest.raises(Misconfigured, match="No such file") as error:
        write(tmp_path / "missing" / "cdc.prom", FOUND, 1.0)
    assert "node_exporter" in error.value.hint
    (tmp_path / "cdc.prom").mkdir()
    (tmp_path / "cdc.prom" / "full").touch()
    with pytest.raises(Misconfigured, match="can't be written"):
        write(tmp_path / "cdc.prom", FOUND, 1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["cdc.prom"]

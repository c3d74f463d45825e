"""Metrics, their documentation, dashboards, rules and the service unit say the same."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from cdc.app.monitor.metrics import FAMILIES, Meters, Metrics
from cdc.app.monitor.retention import Outlook
from cdc.app.monitor.verified_metrics import VERIFIED
from cdc.app.monitor.watch import Clock, Watch
from cdc.model.retention import Retention

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "grafana"
DASHBOARDS = sorted(GRAFANA.glob("*.json"))
RULES = GRAFANA / "rules.yml"
ALERTS = GRAFANA / "alerts.yml"
METRICS_DOC = (ROOT / "docs/reference/metrics.md").read_text()
UNIT = ROOT / "systemd/cdc@.service"
OURS = re.compile(r"\b((?:cdc|process)_[a-z0-9_]+)\b")


@pytest.fixture(scope="module")
def samples():
    """Sample name → its label names, of a daemon with one pipeline."""
    metrics, watches = Metrics(), [Watch("p", Clock()), Watch("q", Clock())]
    for watch in watches:
        Meters(metrics, watch, source="erp", target="crm", mappings=["customers"])
        measured = watch.measured
        measured.written = measured.applied = 1.0
        measured.outlook = Outlook(0.5, 60.0)
        measured.answers("source", 0.5)
        measured.certificates = {"source": 1.0}
    watches[0].measured.retention = Retention(1.0, 1, 1, True, "reserved", 1)
    watches[1].measured.retention = Retention(1.0, oldest=1.0, keeps=1.0)
    metrics.reloads(SimpleNamespace(successful=True, succeeded=1.0))
    found = {s.name: set(s.labels) for family in metrics.registry.collect() for s in family.samples}
    return found | {f"cdc_{family.name}": set(family.labels) for family in VERIFIED}


def documented(mark):
    """A table's lines, between its marks."""
    return METRICS_DOC.split(f"<!-- {mark} -->\n")[1].split(f"\n<!-- /{mark} -->")[0].splitlines()[2:]


def test_the_reference_lists_every_metric_as_the_code_has_it():
    def row(family):
        name = f"cdc_{family.name}" + ("_info" if family.kind == "info" else "")
        return f"| `{name}` | {family.kind} | {', '.join(f'`{label}`' for label in family.labels) or '–'} | {family.help} |"

    assert documented("metrics") == [row(family) for family in FAMILIES]
    assert documented("verify") == [row(family) for family in VERIFIED]


def test_names_follow_the_conventions():
    for family in (*FAMILIES, *VERIFIED):
        assert (family.kind == "counter") == family.name.endswith("_total"), family.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert not re.search(r"milli|micro|_ms|_kb|_mb|minutes|hours|percent", family.name)
        assert family.help.endswith(".")


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions():
    """(where, PromQL) of all dashboards and rules."""
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        for panel in panels(board):
            for target in panel.get("targets", ()):
                yield f"{path.stem}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"][1:]:
            yield f"{path.stem}: ${variable['name']}", variable["definition"]
    for path in (RULES, ALERTS):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield f"{path.stem}: {rule.get('record') or rule['alert']}", rule["expr"]


def recorded():
    return {rule["record"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


@pytest.mark.parametrize(("where", "expression"), list(expressions()), ids=lambda text: str(text)[:60])
def test_what_is_asked_for_exists(where, expression, samples):
    """Names and the labels of their matchers and groupings."""
    for rule in re.findall(r"\b[a-z_]+:cdc_[a-z_]+:[a-z0-9_]+", expression):
        assert rule in recorded(), where
    rest = re.sub(r"\b[a-z_]+:cdc_[a-z_]+:[a-z0-9_]+", "", expression)
    names = OURS.findall(rest)
    for name in names:
        assert name in samples, where
    known = {"job", "instance"}.union(*(samples[name] for name in names))
    matched = re.findall(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"', rest)
    assert set(matched) <= known, where
    for grouped in re.findall(r"\bby \(([^)]*)\)", rest):
        assert {label.strip() for label in grouped.split(",")} <= known, where


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def board(request):
    return json.loads(request.param.read_text())


def test_a_dashboard_can_be_imported_anywhere(board):
    assert board["uid"].startswith("cdc-")
    assert (board["editable"], board["schemaVersion"]) == (False, 39)
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "job", "instance", "pipeline"]
    identifiers = [panel["id"] for panel in panels(board)]
    assert len(identifiers) == len(set(identifiers))


def test_every_panel_says_what_it_shows_and_keeps_to_the_chosen(board):
    for panel in panels(board):
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            selectors = re.findall(r"\{[^}]*\}", target["expr"])
            assert selectors
            assert all('job=~"$job",instance=~"$instance"' in selector for selector in selectors), panel["title"]


def test_counters_are_only_shown_as_rates(board):
    for panel in panels(board):
        for target in panel.get("targets", ()):
            for name in re.findall(r"(\w+)\{", target["expr"]):
                if name.endswith(("_total", "_bucket")):
                    assert re.search(rf"(rate|increase)\({name}\{{", target["expr"]), panel["title"]
            for window in re.findall(r"(?<!\w)rate\([^)]*\[([^\]]+)\]", target["expr"]):
                assert window == "$__rate_interval", panel["title"]


def test_panels_do_not_lie_on_each_other(board):
    for group in [board["panels"], *(panel["panels"] for panel in board["panels"] if panel.get("panels"))]:
        taken = set()
        for panel in group:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert at["x"] + at["w"] <= 24
            assert not cells & taken, panel["title"]
            taken |= cells


def alerts():
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_what_to_do(alert):
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url"}
    path, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    assert anchor in {heading.lower() for heading in re.findall(r"^### (\w+)$", (ROOT / path).read_text(), re.MULTILINE)}
    uid = re.match(r"/d/([\w-]+)", alert["annotations"]["dashboard_url"])[1]
    assert uid in {json.loads(path.read_text())["uid"] for path in DASHBOARDS}


def promtool(*arguments):
    program = shutil.which("promtool")
    if not program:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_reads_the_rules():
    promtool("check", "rules", RULES, ALERTS)


def test_the_alerts_fire_when_they_should():
    promtool("test", "rules", "tests/house/alerts_test.yml")


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that exists, beside its target."""
    shutil.copy(ROOT / "systemd/cdc.target", tmp_path)
    rendered = tmp_path / UNIT.name
    rendered.write_text(UNIT.read_text().replace("/usr/bin/cdc", shutil.which("true")))
    return rendered


def systemd_analyze(*arguments):
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd-analyze is not installed (Debian: apt-get install systemd)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_systemd_reads_the_unit_without_a_complaint(unit):
    assert systemd_analyze("verify", unit) == ""


# torture: K15, K16
def test_the_unit_is_hardened(unit):
    systemd_analyze("security", "--offline=true", "--threshold=15", unit)


def test_the_unit_leaves_the_drain_its_time_and_does_not_restart_what_somebody_must_mend():
    from cdc.app.daemon.threads import DRAIN
    from cdc.model.errors import Exit

    given = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#"))
    assert int(given["TimeoutStopSec"]) > DRAIN
    assert set(map(int, given["RestartPreventExitStatus"].split())) == {Exit.USAGE, Exit.GAP, Exit.DENIED, Exit.CONFIG}
    assert (given["Type"], given["KillMode"]) == ("notify", "mixed")

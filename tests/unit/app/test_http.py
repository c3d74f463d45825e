import json
import socket
from contextlib import closing
from http.client import HTTPConnection

import pytest

from cdc.app.log import Masks
from cdc.app.monitor import http
from cdc.app.monitor.http import REQUEST_BYTES, Server, pages
from cdc.app.monitor.metrics import Meters, Metrics
from cdc.app.monitor.watch import QUIET, State
from cdc.model.errors import Exit, Gap, Misconfigured, Unreachable
from cdc.pipeline.step import Waiting

CANARY = "correct horse battery staple"


@pytest.fixture
def server(watch):
    metrics = Metrics()
    Meters(metrics, watch, source="erp", target="crm", mappings=["customers"])
    with closing(Server("127.0.0.1", 0, pages(metrics.registry, [watch], Masks([CANARY])))) as running:
        yield running


@pytest.fixture
def ask(server):
    def asked(path, method="GET", **headers):
        connection = HTTPConnection(server.address, timeout=5)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    return asked


def raw(server, sent, *, finish=False):
    """What comes back for these bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(sent)
        if finish:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while part := connection.recv(65536):
            got += part
        return got


def test_metrics_in_the_format_that_is_asked_for(ask):
    code, body = ask("/metrics")
    assert code == 200
    assert 'cdc_pipeline_state{pipeline="erp_to_crm",state="starting"} 1.0' in body
    assert not body.endswith("# EOF\n")
    assert ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")[1].endswith("# EOF\n")


def test_ready_is_streaming_and_the_body_says_why_not(ask, watch):
    assert ask("/readyz") == (503, '{"ready": false, "pipelines": {"erp_to_crm": "starting"}}\n')
    watch.step(Waiting("1", {}))
    assert ask("/readyz") == (200, '{"ready": true, "pipelines": {"erp_to_crm": "streaming"}}\n')
    watch.pauses(Unreachable("x"))
    assert ask("/readyz")[0] == 503


def test_healthy_is_not_stuck(ask, watch, time):
    watch.step(Waiting("1", {}))
    assert ask("/healthz") == (200, '{"alive": true, "stuck": []}\n')
    time.passes(QUIET[State.STREAMING] + 1)
    assert ask("/healthz") == (503, '{"alive": false, "stuck": ["erp_to_crm"]}\n')
    watch.ends(Gap("x"))
    assert ask("/healthz")[0] == 200


# torture: K05
def test_status_is_the_contracts_json_without_secrets(ask, watch):
    watch.pauses(Unreachable(f"crm: {CANARY} refused"))
    code, body = ask("/status")
    summary = json.loads(body)["pipelines"]["erp_to_crm"]
    assert (code, summary["state"], summary["last_error"]) == (200, "backoff", "crm: ••• refused")


# torture: K11
def test_a_query_string_is_no_matter_and_other_paths_are_not_there(ask):
    assert ask("/healthz?x=1")[0] == 200
    assert ask("/../etc/passwd")[0] == 404
    assert ask("/")[0] == 404


def test_head_is_get_without_a_body(ask):
    assert ask("/healthz", "HEAD") == (200, "")


# torture: K11
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_there_are_no_verbs_that_write(ask, method):
    assert ask("/metrics", method)[0] == 501


# torture: K11
def test_headers_are_bounded(server, ask):
    assert raw(server, b"GET /metrics HTTP/1.1\r\n" + b"x" * (REQUEST_BYTES - 23)) == b""
    assert ask("/healthz")[0] == 200


# torture: K11
def test_a_slow_client_is_left_and_does_not_hold_others(server, ask, monkeypatch):
    monkeypatch.setattr(http, "REQUEST_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as slow:
        slow.sendall(b"GET /healthz HT")
        assert ask("/healthz")[0] == 200
        assert slow.recv(100) == b""


def test_half_a_request_is_refused(server):
    assert raw(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n", finish=True) == b""


def test_connections_are_bounded(server, ask):
    held = [socket.create_connection(("127.0.0.1", server.server_port), timeout=10) for _ in range(http.CONNECTIONS)]
    try:
        for connection in held:
            connection.sendall(b"GET")
        assert raw(server, b"") == b""
    finally:
        for connection in held:
            connection.close()


def test_a_port_in_use_says_what_to_do(server):
    with pytest.raises(Misconfigured, match=f"127.0.0.1:{server.server_port}") as raised:
        Server("127.0.0.1", server.server_port, {})
    assert raised.value.exit is Exit.CONFIG
    assert "listen" in raised.value.hint


def test_ipv6_loopback_has_brackets():
    try:
        with closing(Server("::1", 0, {})) as running:
            assert running.address.startswith("[::1]:")
    except Misconfigured:
        pytest.skip("this machine has no IPv6 loopback")

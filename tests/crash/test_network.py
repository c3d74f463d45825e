"""Networks at their worst, between the daemon and both servers: nothing is lost, doubled or stuck."""

import random
import time

import pytest

from tests.proxy import ANSWERS, ASKS, Proxy

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]
LONGER = [PAIRS[1], pytest.param(PAIRS[0], marks=pytest.mark.soak)]


@pytest.fixture(params=LONGER, ids="-to-".join)
def besieged(request, siege):
    """A streaming pipeline whose writer goes on, with a proxy on either side; servers count as gone after three seconds."""
    proxies = []

    def proxy(port):
        proxies.append(Proxy(port))
        return proxies[-1]

    made = siege(request.param, (proxy, proxy), "?silence=3")
    made.load()
    made.write()
    made.start()
    made.service.until(lambda: made.service.state("p") == "streaming")
    yield made, *proxies
    for each in proxies:
        each.close()


def test_connections_are_cut_at_any_byte(besieged):
    """torture: D01 D03 D07 D10 A05 B21"""
    siege, *proxies = besieged
    at = random.Random(siege.seed)
    for round_ in range(8):
        proxy = proxies[round_ % 2]
        proxy.cut_after(at.randrange(1, 60_000))
        assert proxy.cut.wait(30)
    for proxy in proxies * 3:
        proxy.down()
        time.sleep(0.2)
        proxy.up()
        time.sleep(0.2)
    proxies[1].cut.clear()
    proxies[1].lose_answer(b"commit")
    assert proxies[1].cut.wait(60)
    siege.service.kill()  # it does not know whether that was committed
    siege.start()
    siege.settle()
    siege.end()


def test_a_host_that_has_vanished_is_noticed(besieged):
    """Not a packet is answered, and nobody has closed anything: either side notices in the time that `silence` gives. torture: D02 A16"""
    siege, *proxies = besieged
    for proxy in proxies:
        proxy.freeze()
        begun = time.monotonic()
        siege.service.until(lambda: siege.service.state("p") == "backoff", seconds=20)
        assert time.monotonic() - begun < 10
        proxy.thaw()
        siege.service.until(lambda: siege.service.state("p") == "streaming", lambda: siege.service.state("p"))
    siege.settle()
    siege.end()


@pytest.mark.soak
def test_slow_and_odd_networks(besieged):
    """Pieces of one byte, latency with jitter, little bandwidth, one side that hears nothing. torture: D04 D05 D06 D12"""
    siege, *proxies = besieged
    for proxy in proxies:
        proxy.piece = 1
    time.sleep(1)
    for proxy in proxies:
        proxy.piece, proxy.delay, proxy.jitter = 65536, 0.02, 0.04
    time.sleep(1)
    for proxy in proxies:
        proxy.delay, proxy.jitter, proxy.rate, proxy.piece = 0.0, 0.0, 50_000.0, 4096
    time.sleep(1)
    for proxy in proxies:
        proxy.rate, proxy.piece = None, 65536
    proxies[0].deaf = {ASKS}  # acknowledgements go astray
    time.sleep(1)
    proxies[0].deaf = {ASKS, ANSWERS}
    time.sleep(0.5)
    proxies[0].reset()  # no network passes on what comes behind bytes that it has lost
    time.sleep(0.1)
    proxies[0].deaf = set()
    siege.settle()
    siege.end()

"""kill -9 at any moment, then start: no row lost, none applied twice."""

import os
import threading
import time

import pytest

from tests.world import World

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql"), ("postgresql", "postgresql"), ("mariadb", "mariadb")]
SEED = int(os.environ.get("CRASH_SEED", "7"))


@pytest.fixture
def world(request, tmp_path, database):
    worlds = []

    def make(source, target, seed=SEED):
        servers = request.getfixturevalue(source), request.getfixturevalue(target)
        made = World(tmp_path / "world", *servers, (database(servers[0]), database(servers[1])), seed)
        worlds.append(made)
        return made

    yield make
    for made in worlds:
        made.close()
        made.command("teardown", "--yes")


def kill_loop(world, kills):
    """Write all the time; start, let run for a random moment, kill."""
    writing = threading.Event()
    writing.set()

    def write():
        while writing.is_set():
            world.transaction()
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(kills):
            world.start()
            time.sleep(0.6 + world.random.random() * 0.8)
            world.kill()
    finally:
        writing.clear()
        writer.join()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_killed_again_and_again_nothing_is_lost_or_doubled(world, pair):
    """torture: A17, the short form"""
    world = world(*pair)
    for _ in range(30):
        world.transaction()
    assert world.command("setup").returncode == 0
    kill_loop(world, kills=3)
    world.start()
    for _ in range(20):  # what is settled by the new process alone: one that is only beginning is ended by any signal
        world.transaction()
    world.settle()
    world.check()
    assert world.stop() == 0, world.log.read_text()[-2000:]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_soak(world, pair):
    """torture: A17"""
    world = world(*pair)
    assert world.command("setup").returncode == 0
    kill_loop(world, kills=75)
    world.start()
    world.settle(300)
    world.check()
    assert world.stop() == 0


@pytest.mark.parametrize("pair", PAIRS[:2], ids="-".join)
def test_killed_in_the_initial_load(world, pair):
    """The load begins again; rows that were deleted between the attempts do not stay."""
    world = world(*pair)
    for start in range(0, 60_000, 1000):
        values = ", ".join(f"({key}, 'row {key}', {key}, true)" for key in range(start + 1000, start + 2000))
        world.execute(world.source, f"insert into item values {values}")
    world.rows = {key: (f"row {key}", key, True) for key in range(1000, 61_000)}
    world.version = 100_000
    assert world.command("setup").returncode == 0
    world.start()
    wait_for(lambda: world.execute(world.target, "select count(*) from item")[0][0] > 2000)
    world.kill()
    loaded = world.execute(world.target, "select count(*) from item")[0][0]
    assert loaded < 60_000, "killed too late to show anything"
    world.execute(world.source, "delete from item where id % 3 = 0")
    world.execute(world.source, "update item set active = false where id % 3 = 1 and id < 2000")
    world.rows = {key: (name, version, not (key % 3 == 1 and key < 2000)) for key, (name, version, _) in world.rows.items() if key % 3 != 0}
    world.start()
    for _ in range(20):
        world.transaction()
    world.settle()
    world.check()
    assert world.stop() == 0


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("pair", PAIRS[:2], ids="-".join)
def test_second_daemon_names_the_holder_and_ends(world, pair):
    world = world(*pair)
    for _ in range(10):
        world.transaction()
    assert world.command("setup").returncode == 0
    world.start()
    world.settle()
    second = world.command("run")
    assert second.returncode == 75, second.stderr
    assert str(world.process.pid) in second.stderr
    world.transaction()
    world.settle()
    assert world.stop() == 0


@pytest.mark.parametrize("pair", PAIRS[:2], ids="-".join)
def test_restart_without_changes_writes_nothing(world, pair):
    world = world(*pair)
    for _ in range(20):
        world.transaction()
    assert world.command("run", "--once").returncode == 0
    world.check()
    effects = world.execute(world.target, "select count(*) from effect")
    again = world.command("run", "--once")
    assert again.returncode == 0, again.stderr
    assert world.execute(world.target, "select count(*) from effect") == effects

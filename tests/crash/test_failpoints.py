"""kill -9 at each named point of the way, while a writer goes on: nothing is lost, doubled, torn or left behind."""

import random

import pytest

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]
LONGER = [PAIRS[1], pytest.param(PAIRS[0], marks=pytest.mark.soak)]

# torture: A01 A02 A03 A04 A06 A07 A14
STREAMING = {
    "source.read": 3,
    "source.decoded": 3,
    "plan.bound": 2,
    "apply.begin": 2,
    "apply.statement": 17,
    "apply.pre_commit": 3,
    "apply.post_commit": 3,
    "confirm.post": 2,
    "crosswalk.recorded": 1,
}


@pytest.mark.parametrize("pair", PAIRS, ids="-to-".join)
def test_killed_at_each_point_nothing_is_lost_or_doubled(siege, pair):
    siege, names = siege(pair), list(STREAMING)
    siege.load()
    siege.write()
    random.Random(siege.seed).shuffle(names)
    for name in names:
        siege.start(f"{name}:{STREAMING[name]}:kill")
        siege.killed()
        siege.checker.effects()
    siege.start()
    siege.settle()
    siege.end()


# torture: A09 A10 A11
LOADING = {"setup.slot_created": 1, "load.snapshot": 1, "load.chunk": 2, "load.done": 1}


@pytest.mark.parametrize("pair", LONGER, ids="-to-".join)
def test_killed_in_the_load_it_begins_again_and_leaves_nothing_behind(siege, pair):
    siege = siege(pair)
    siege.write()
    siege.service.until(lambda: siege.journal.exists() and len(siege.journal.read_text().splitlines()) > 200)
    for name, nth in LOADING.items():
        if name == "setup.slot_created" and not siege.service.is_postgresql("erp"):
            continue  # nothing is made there
        siege.start(f"{name}:{nth}:kill")
        siege.killed()
        siege.service.process = None
    siege.start("shutdown.drain:1:kill")  # torture: A15
    siege.service.until(lambda: siege.service.state("p") == "streaming")
    siege.service.process.terminate()
    siege.killed()
    siege.start()
    siege.settle()
    siege.end()


REFUSING = """create function public.refuse() returns trigger language plpgsql as
    $$ begin if new.id % 10 = 3 then raise check_violation; end if; return new; end $$"""


# torture: A13
@pytest.mark.parametrize("pair", PAIRS[1:], ids="-to-".join)
def test_killed_while_it_parks_and_while_it_releases(siege, pair):
    """The target refuses some rows for a while."""
    siege = siege(pair)
    siege.load()
    siege.service.sql(
        "crm", REFUSING, "create trigger a_refuse before insert or update on item for each row execute function public.refuse()"
    )
    siege.write()
    siege.service.process = None
    siege.service.until(lambda: siege.journal.exists() and len(siege.journal.read_text().splitlines()) > 300)
    siege.rest()  # what waits has its bound
    siege.start("parked.post:1:kill")
    siege.killed(60)
    siege.service.once()
    assert siege.service.sql("crm", "select count(*) from cdc.parked") > [(0,)]
    siege.service.sql("crm", "drop trigger a_refuse on item")
    siege.start("parked.pre:1:kill")  # all that waits is tried as soon as it begins
    siege.killed(60)
    siege.start()
    siege.settle()
    siege.end()


@pytest.mark.parametrize("pair", PAIRS[:1], ids="-to-".join)
def test_what_the_target_raises_is_tried_again(siege, pair):
    """A deadlock before COMMIT, connections that drop behind it, a pause: other ways to fail at a point than to die."""
    siege = siege(pair)
    siege.load()
    siege.write()
    siege.start("apply.pre_commit:2:raise:1213,apply.post_commit:4:drop,apply.begin:6:sleep:0.3,apply.statement:60:raise:2013")
    siege.service.until(
        lambda: siege.service.log().count("a fault, trying again") >= 2 or "failpoint apply.statement" in siege.service.log()
    )
    siege.settle()
    siege.end()

"""Whatever the seed lets happen, in whatever order: when all comes to rest, the judge finds nothing."""

import subprocess
import sys

import pytest

from cdc.pipeline.queues import Queues
from tests.simulation.judge import ACCOUNTS, START, Judge, balanced, differences, unexplained
from tests.simulation.world import World


@pytest.mark.parametrize("seed", range(8))
def test_a_world_comes_to_rest_as_the_journal_says(seed):
    World(seed).steps_on(1200)


def test_a_seed_says_all():
    one, other = World(99), World(99)
    for world in (one, other):
        world.steps_on(600)
    assert one.counts() == other.counts()
    assert one.crm.table("contact") == other.crm.table("contact")


def test_what_a_seed_does_happens_in_some_world():
    """A simulation that never parks, halts, locks out or dies would prove nothing."""
    worlds = [World(seed) for seed in range(3)]
    for world in worlds:
        world.steps_on(900)
    done = {name: sum(world.counts()[name] for world in worlds) for name in worlds[0].counts()}
    assert all(done.values()), done


def test_what_failed_is_told_with_its_seed(monkeypatch):
    """A daemon that forgets the first change of each transaction is found out."""
    program = (
        "import sys\n"
        "from dataclasses import replace\n"
        "from tests.simulation import __main__, server\n"
        "read = server.Reader.read\n"
        "def forgetful(self, after, until=None):\n"
        "    for item in read(self, after, until):\n"
        "        yield replace(item, changes=item.changes[1:]) if getattr(item, 'changes', ()) else item\n"
        "server.Reader.read = forgetful\n"
        "sys.exit(__main__.main())\n"
    )
    command = [sys.executable, "-c", program, "--seed", "5", "--steps", "3000"]
    found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert found.returncode == 1
    assert "again: python -m tests.simulation --seed 5 --steps 3000" in found.stderr


def test_changes_that_pass_a_parked_one_of_their_row_are_found(monkeypatch):
    """A daemon without a queue behind a parked key ends with an older version over a newer one, and not only with an odd state in between."""
    monkeypatch.setattr(Queues, "holding", lambda _: frozenset())
    with pytest.raises(AssertionError, match=r"version \d+ came after \d+"):
        World(100).steps_on(3000)


EMPTY = {"customer": {}, "contact": {}, "bank": {}, "shared": {}, "scrap": {}}


def test_the_judge_sees_a_row_that_is_wrong_lost_or_extra():
    row = {"id": "c1", "name": "n", "note": None, "active": "t", "ver": "7"}
    journal = EMPTY | {"customer": {"c1": row}}
    right = {"id": "c1", "name": "N", "note": None, "ver": "7", "remark": "mine"}
    assert not differences(journal, EMPTY | {"customer": {"c1": right}})
    assert differences(journal, EMPTY)
    assert differences(journal, EMPTY | {"customer": {"c1": right | {"name": "n"}}})
    assert differences(journal, EMPTY | {"customer": {"c1": right, "c2": right | {"id": "c2"}}})
    assert differences(EMPTY | {"customer": {"c1": row | {"active": "f"}}}, EMPTY | {"customer": {"c1": right}})
    assert not differences(journal, EMPTY, [("customer", "c1")])


def test_the_judge_wants_a_cause_of_whatever_waits():
    row = {"id": "p1", "customer": "c1", "code": "k1", "gate": "g1", "ver": "7"}
    there = EMPTY | {"customer": {"c1": {"id": "c1"}}, "gate": {"g1": {"id": "g1"}}}
    waiting = {("contact", "p1"): [row]}
    assert unexplained(EMPTY, there, set(), waiting) == [("contact", "p1")]
    assert not unexplained(EMPTY, there, {"p1"}, waiting)
    assert not unexplained(EMPTY, there | {"gate": {}}, set(), waiting)
    assert not unexplained(EMPTY, there | {"customer": {}}, set(), waiting)
    assert not unexplained(EMPTY, there | {"contact": {"p2": {"id": "p2", "customer": "c1", "code": "k1"}}}, set(), waiting)
    moved = {("contact", "p1"): [row, row | {"id": "p2"}], ("contact", "p2"): [row | {"id": "p2"}]}
    assert not unexplained(EMPTY, there, {"p1"}, moved)


def test_the_judge_sees_what_comes_twice_or_goes_back():
    def judge():
        made = Judge()
        made.committed([("insert", "bank", {"id": "1", "ver": "5"})], None, 3, loading=True)
        return made

    judge().committed([("update", "bank", {"id": "1", "ver": "6"}), ("delete", "bank", {"id": "1", "ver": "5"})], 3, 4, loading=False)
    for effects, after, upto in (
        ([("update", "bank", {"id": "2", "ver": "5"})], 3, 4),
        ([("update", "bank", {"id": "1", "ver": "4"})], 3, 4),
        ([], 2, 4),
        ([], 3, 2),
    ):
        with pytest.raises(AssertionError):
            judge().committed(effects, after, upto, loading=False)
    rested = judge()
    rested.rests(9)
    with pytest.raises(AssertionError, match="older than the last rest"):
        rested.committed([("insert", "bank", {"id": "7", "ver": "9"})], 3, 4, loading=False)
    judge().told(3)
    with pytest.raises(AssertionError):
        judge().told(4)


def test_the_judge_adds_up_the_accounts():
    accounts = {str(key): {"balance": str(START)} for key in range(ACCOUNTS)}
    assert balanced(accounts)
    assert not balanced(accounts | {"0": {"balance": "1"}})

"""A state machine over real servers: whatever is written, edited, cut, killed, paused and parked, in whatever order, all ends as the model says.

Hypothesis prints the steps that fail; `steps`, the daemon's log and its service file stay in the folder that is named. torture: O06
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings, stateful
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, run_state_machine_as_test

from demo.servers import MariaDB, PostgreSQL, running
from tests.stateful.scene import GATES, Scene

PAIRS = [("postgresql", "mariadb"), ("mariadb", "postgresql")]
SEED = int(os.environ.get("STATEFUL_SEED", "7"))
EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "60"))
COLUMNS = {"customer": ("name", "ver", "active"), "contact": ("customer", "code", "gate", "ver"), "account": ("balance", "ver")}
CUSTOMER, CONTACT, CODE = st.integers(1, 6), st.integers(1, 8), st.integers(1, 10)


def first(function):
    """Remember the first error: Hypothesis tries again, and what has to do with time fails otherwise then, or not at all."""

    @functools.wraps(function)
    def act(self, *arguments, **named):
        try:
            return function(self, *arguments, **named)
        except BaseException as error:
            self.scene.failure = self.scene.failure or error
            raise

    return act


def rule(**given):
    return lambda function: stateful.rule(**given)(first(function))


class Machine(RuleBasedStateMachine):
    """What can happen. `scene` and `servers_fall` are set by whoever runs it."""

    scene: Scene
    servers_fall = False

    @initialize()
    def begins(self):
        assert self.scene.failure is None, "it has failed already"
        self.scene.note("begins")
        self.scene.clear()

    def note(self, name, *arguments):
        self.scene.note(f"{name}{arguments}")

    def write(self, name, key, row):
        """Make a row so, in the model and by SQL: None deletes it."""
        rows = self.scene.model[name]
        if row is None:
            del rows[key]
            return f"delete from {name} where id = {key}"
        columns, row = COLUMNS[name], self.versioned(name, row)
        texts = [f"'{value}'" if isinstance(value, str) else "null" if value is None else str(value).lower() for value in row]
        there, rows[key] = key in rows, row
        if there:
            return f"update {name} set {', '.join(f'{c} = {t}' for c, t in zip(columns, texts, strict=True))} where id = {key}"
        return f"insert into {name} (id, {', '.join(columns)}) values ({key}, {', '.join(texts)})"

    def versioned(self, name, row):
        """Return a row with the next version."""
        self.scene.version += 1
        return tuple(self.scene.version if column == "ver" else value for column, value in zip(COLUMNS[name], row, strict=True))

    def move(self, name, key, other):
        """Give a row another key, and another version with it: a version that two keys have had looks as if it had taken effect twice."""
        rows = self.scene.model[name]
        rows[other] = self.versioned(name, rows.pop(key))
        return f"update {name} set id = {other}, ver = {self.scene.version} where id = {key}"

    def children(self, key):
        return [child for child, row in self.scene.model["contact"].items() if row[0] == key]

    @rule(key=CUSTOMER, active=st.sampled_from([True, True, True, False]))
    def customer(self, key, active):
        self.note("customer", key, active)
        if not active:
            self.scene.judge.remarks.pop(key, None)
        self.scene.source(self.write("customer", key, (f"name {self.scene.version} ä", 0, active)))

    @rule(key=CUSTOMER)
    def customer_goes(self, key):
        self.note("customer_goes", key)
        if key in self.scene.model["customer"]:
            self.scene.judge.remarks.pop(key, None)
            gone = [self.write("contact", child, None) for child in self.children(key)]
            self.scene.source(*gone, self.write("customer", key, None))

    @rule(key=CUSTOMER, other=CUSTOMER)
    def customer_moves(self, key, other):
        self.note("customer_moves", key, other)
        rows = self.scene.model["customer"]
        if key in rows and other not in rows and not self.children(key):
            self.scene.judge.remarks.pop(key, None)
            self.scene.source(self.move("customer", key, other))

    @rule(key=CONTACT, parent=CUSTOMER, code=CODE, gate=st.sampled_from(GATES))
    def contact(self, key, parent, code, gate):
        self.note("contact", key, parent, code, gate)
        others = {row[1] for other, row in self.scene.model["contact"].items() if other != key}
        if parent in self.scene.model["customer"] and f"c{code}" not in others:
            self.scene.source(self.write("contact", key, (parent, f"c{code}", gate, 0)))

    @rule(key=CONTACT, other=CONTACT)
    def contacts_swap(self, key, other):
        """Two rows change a unique value, through NULL."""
        self.note("contacts_swap", key, other)
        rows = self.scene.model["contact"]
        if key != other and key in rows and other in rows:
            mine, theirs = rows[key], rows[other]
            codes = ((key, mine, None), (other, theirs, mine[1]), (key, mine, theirs[1]))
            self.scene.source(*(self.write("contact", at, (row[0], code, *row[2:])) for at, row, code in codes))

    @rule(key=CONTACT, other=CONTACT)
    def contact_moves(self, key, other):
        self.note("contact_moves", key, other)
        rows = self.scene.model["contact"]
        if key in rows and other not in rows:
            self.scene.source(self.move("contact", key, other))

    @rule(key=CONTACT)
    def contact_goes(self, key):
        self.note("contact_goes", key)
        if key in self.scene.model["contact"]:
            self.scene.source(self.write("contact", key, None))

    @rule(pair=st.lists(st.integers(0, 19), min_size=2, max_size=2, unique=True), amount=st.integers(1, 9))
    def transfer(self, pair, amount):
        self.note("transfer", pair, amount)
        rows = self.scene.model["account"]
        self.scene.source(*(self.write("account", key, (rows[key][0] + by, 0)) for key, by in zip(pair, (-amount, amount), strict=True)))

    @rule(keys=st.lists(CUSTOMER, min_size=20, max_size=60))
    def burst(self, keys):
        self.note("burst", len(keys))
        rows = self.scene.model["customer"]
        self.scene.source(*(self.write("customer", key, (f"burst {at}", 0, rows.get(key, (0, 0, True))[2])) for at, key in enumerate(keys)))

    @rule(key=CUSTOMER)
    def rolled_back(self, key):
        self.note("rolled_back", key)
        statement = f"delete from account where id = {key}"
        self.scene.judge.ask(self.scene.judge.source, "begin", statement, "rollback")

    @rule(gate=st.sampled_from(GATES))
    def gate_closes(self, gate):
        """The target's own constraint refuses contacts from now on, where none has passed it."""
        self.note("gate_closes", gate)
        judge = self.scene.judge
        with contextlib.suppress(Exception):  # the daemon may write such a contact just now
            judge.ask(judge.target, f"delete from gate where id = {gate} and not exists (select 1 from contact where gate = {gate})")

    @rule()
    def settles_and_the_target_is_edited(self):
        self.note("settles")
        self.scene.settle()
        judge = self.scene.judge
        ((last,),) = judge.ask(judge.target, "select coalesce(max(seq), 0) from effect")
        for key, (_, _, active) in self.scene.model["customer"].items():
            if active and key % 2:
                remark = judge.remarks[key] = f"remark {self.scene.version}"
                judge.ask(judge.target, f"update customer set remark = '{remark}' where id = {key}")
        judge.ask(judge.target, f"delete from effect where seq > {last}")  # the triggers know nobody by name

    @rule(number=st.integers(0, 10**6), count=st.integers(5, 15))
    def storm(self, number, count):
        """Many of the above at once, so that what goes wrong next hits a daemon at work."""
        chance = random.Random(number)
        for _ in range(count):
            kind, key, other = chance.randrange(8), chance.randint(1, 6), chance.randint(1, 6)
            if kind < 2:
                self.customer(key, chance.random() < 0.8)
            elif kind < 4:
                self.contact(other, key, chance.randint(1, 10), chance.choice(GATES))
            else:
                (self.customer_moves, self.contacts_swap, self.contact_moves, lambda one, _: self.customer_goes(one))[kind - 4](key, other)

    @rule(point=st.integers(0, 7), nth=st.integers(1, 6))
    def dies(self, point, nth):
        self.note("dies", point, nth)
        self.scene.dies(point, nth)

    @rule()
    def restarts(self):
        self.note("restarts")
        self.scene.service.kill()
        self.scene.service.start()

    @rule(side=st.integers(0, 1), count=st.integers(1, 30_000))
    def cut(self, side, count):
        self.note("cut", side, count)
        self.scene.proxies[side].cut_after(count)

    @rule()
    def answer_is_lost(self):
        self.note("answer_is_lost")
        self.scene.proxies[1].lose_answer(b"commit")

    @rule(side=st.integers(0, 1))
    def network_falls(self, side):
        self.note("network_falls", side)
        self.scene.proxies[side].down()
        time.sleep(0.2)
        self.scene.proxies[side].up()

    @rule(broken=st.booleans())
    def reload(self, broken):
        self.note("reload", broken)
        self.scene.reload(broken=broken)

    @rule()
    def paused_or_resumed(self):
        self.note("paused_or_resumed")
        if self.scene.paused:
            self.scene.resume()
        else:
            self.scene.pause()

    @rule(side=st.integers(0, 1), hard=st.booleans())
    def server_falls(self, side, hard):
        if self.servers_fall:
            self.note("server_falls", side, hard)
            self.scene.falls(side, hard=hard)

    @first
    def teardown(self):
        if self.scene.failure is not None:
            return
        self.scene.note("ends")
        self.scene.settle()


def run(scene, examples, steps, *, servers_fall=False):
    machine = seed(SEED)(type("Machine", (Machine,), {"scene": scene, "servers_fall": servers_fall}))
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=[Phase.generate],  # a fault that has to do with time is not made smaller by trying again
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
        scene.end()
    except BaseException as error:  # noqa: BLE001, it is raised again
        kept = Path(tempfile.mkdtemp(prefix="cdc-stateful-"))
        shutil.copytree(scene.folder, kept, dirs_exist_ok=True)
        print(f"kept: {kept}; again with STATEFUL_SEED={SEED}; the last steps:", *(kept / "steps").read_text().splitlines()[-40:], sep="\n")
        raise scene.failure or error from None
    finally:
        scene.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("pair", PAIRS, ids="-to-".join)
def test_whatever_happens_all_ends_as_the_model_says(request, tmp_path, pair):
    servers = tuple(request.getfixturevalue(name) for name in pair)
    run(Scene(tmp_path, servers), examples=3, steps=10)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("pair", PAIRS, ids="-to-".join)
def test_soak(tmp_path, pair):
    folder = Path(tempfile.mkdtemp(prefix="cdc-stateful-"))
    folder.chmod(0o755)
    made = {"postgresql": PostgreSQL(folder / "pg"), "mariadb": MariaDB(folder / "my", {"innodb-flush-log-at-trx-commit": "1"})}
    with running(*made.values()):
        run(Scene(tmp_path, (made[pair[0]], made[pair[1]])), examples=EXAMPLES, steps=40, servers_fall=True)
    shutil.rmtree(folder, ignore_errors=True)

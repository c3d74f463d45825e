"""Clocks on a wall and points in time, between databases whose zones the service file tells: the same instant, whatever the sessions are in."""

import pytest

from cdc.mapping.files.problem import failed
from cdc.model.types import Zones
from tests.contract.test_types_roundtrip import pair

WALLS = [
    "2024-01-15 12:00:00",
    "2024-07-15 12:00:00.5",
    "1945-05-24 01:30:00",
    "2024-03-31 01:59:59.999999",
    "2024-03-31 03:00:00",
    "9999-06-01 00:00:00",
]
POINTS = ["2024-01-15 12:00:00", "2024-10-27 00:30:00", "2024-10-27 01:30:00", "1970-01-01 00:00:01", "2037-12-31 23:59:59.25"]
MAPPING = "version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\nsame: [id, wall, point, day]\n"
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


@pytest.fixture(params=["pg-pg", "pg-my", "my-pg", "my-my"])
def flow(request, database, endpoint):
    with pair(request, database, endpoint, request.param) as made:
        for side, swapped in ((made.source, False), (made.target, True)):
            wall, point = ("timestamp", "timestamptz") if side.postgresql else ("datetime(6)", "timestamp(6) null")
            day = point if swapped else "date"
            side.run(
                f"create table t (id integer primary key, wall {point if swapped else wall}, point {wall if swapped else point}, day {day})"
            )
            if side.postgresql:  # what sessions get that do not say otherwise
                side.run(f"alter database {side.name} set timezone = 'Asia/Tokyo'", f"alter database {side.name} set datestyle = 'German'")
        yield made


def seconds(side, column):
    """The points in time of a column, in seconds since 1970, as the server counts them."""
    shown = "extract(epoch from {})::numeric(20,6)::text" if side.postgresql else "cast(cast(unix_timestamp({}) as decimal(20,6)) as char)"
    return dict(side.run(f"select id, {shown.format(column)} from t where {column} is not null"))


def instant(side, zone, text):
    """What PostgreSQL makes of a wall's clock in a zone."""
    return side.run(f"select extract(epoch from timestamp '{text}' at time zone '{zone}')::numeric(20,6)::text")[0][0]


def wall(side, zone, text):
    return side.run(f"select ('{text}+00'::timestamptz at time zone '{zone}')::text")[0][0]


@pytest.fixture
def judge(postgresql):
    """A PostgreSQL that knows the zones, and nothing of us."""
    with postgresql.connect(options="-c datestyle=ISO -c timezone=UTC") as connection:

        class Judge:
            def run(self, statement):
                return connection.execute(statement).fetchall()

        yield Judge()


def fill(flow, first):
    for at, text in enumerate(WALLS if flow.target.postgresql else WALLS[:2] + WALLS[3:5]):
        flow.source.run(f"insert into t (id, wall) values ({first + at}, '{text}')")
    for at, text in enumerate(POINTS):
        zoned = f"'{text}+00'" if flow.source.postgresql else f"'{text}'"
        flow.source.run(f"insert into t (id, point) values ({first + 100 + at}, {zoned})")
    flow.source.run(f"insert into t (id, day) values ({first + 200}, '2024-07-15')")


def test_an_instant_stays_an_instant(flow, judge):
    # torture: E06, L04: sessions without a zone of their own would have got Tokyo
    flow.follow(MAPPING, zones=Zones(BERLIN, NEW_YORK))
    fill(flow, 1)
    flow.load()
    fill(flow, 1001)
    flow.stream()
    assert {key: str(error) for key, error in flow.refused.items()} == {}
    walls = WALLS if flow.target.postgresql else WALLS[:2] + WALLS[3:5]
    for first in (1, 1001):
        expected = {first + at: instant(judge, BERLIN, text) for at, text in enumerate(walls)}
        found = seconds(flow.target, "wall")
        assert {key: found[key] for key in expected} == expected
        points = flow.target.shown("t", {"point": "moment"}, f"id >= {first + 100} and id < {first + 200}")
        assert [row["point"] for row in points.values()] == [wall(judge, NEW_YORK, text) for text in POINTS]
        assert seconds(flow.target, "day")[first + 200] == instant(judge, BERLIN, "2024-07-15 00:00:00")
    assert flow.load()["changed"] == 0


def test_an_hour_that_is_left_out_or_comes_twice_is_an_error_of_the_row(flow):
    # torture: E06
    flow.follow(MAPPING, zones=Zones(BERLIN, NEW_YORK))
    flow.source.run("insert into t (id, wall) values (1, '2024-03-31 02:30:00'), (2, '2024-10-27 02:30:00'), (3, '2024-10-27 03:00:00')")
    assert flow.stream() == {"changed": 1, "unchanged": 0}
    assert {key: str(error).partition("'wall': ")[2] for key, error in flow.refused.items()} == {
        "1": "no clock in Europe/Berlin shows that time: it is in the hour that summer time leaves out",
        "2": "a clock in Europe/Berlin shows that time twice: it is in the hour that the end of summer time repeats",
    }


@pytest.mark.parametrize(
    ("zones", "columns"), [(Zones(), {"wall", "point", "day"}), (Zones(source=BERLIN), {"point"}), (Zones(target=BERLIN), {"wall", "day"})]
)
def test_without_a_zone_such_a_pair_is_refused(flow, zones, columns):
    _, problems = flow.compiled(MAPPING, zones=zones)
    found = [problem for problem in problems if failed([problem])]
    assert {problem.message.split("'")[1] for problem in found} == columns
    end = "target" if columns == {"point"} else "source"
    assert f"only by a time zone, and none is known for the {end}" in next(
        p.message for p in found if columns != {"wall", "point", "day"} or "'wall'" in p.message
    )
    assert all("`time_zone` in the service file" in problem.help for problem in found)

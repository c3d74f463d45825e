"""Words from which believable people, companies and goods are put together, the same ones in every run."""

from __future__ import annotations

from random import Random
from uuid import UUID

FIRST = ("Anna", "Björn", "Chloé", "Dmitri", "Elif", "Françoise", "Giorgos", "Hélène", "Ingrid", "João", "Katarzyna", "Łukasz", "Mei", "Noël",
         "Øystein", "Paula", "Quentin", "Renée", "Søren", "Tomáš", "Ursula", "Vít", "Wendelin", "Xenia", "Yasmin", "Zoë")  # fmt: skip
LAST = ("Almeida", "Bäcker", "Çelik", "Dvořák", "Eriksson", "Fournier", "Großmann", "Hansen", "Ivanova", "Jørgensen", "Kowalski", "Lefèvre",
        "Müller", "Nguyễn", "O'Brien", "Petrović", "Quiñones", "Rossi", "Schröder", "Tanaka 田中", "Ünal", "van der Berg", "Weiß", "Żak")  # fmt: skip
TRADE = ("Anlagenbau", "Bäckerei", "Chocolaterie", "Druckerei", "Elektro", "Feinmechanik", "Gärtnerei", "Hydraulik", "Imprimerie", "Käserei",
         "Logistik", "Möbelhaus", "Optik", "Pumpen", "Sägewerk", "Textil", "Uhren", "Verpackung", "Werkzeug", "Ziegelei")  # fmt: skip
FORM = ("AG", "GmbH & Co. KG", "S.A.", "Ltd.", "B.V.", "SARL", "A/S", "s.r.o.")
CITY = (("Zürich", "8001", "CH"), ("Köln", "50667", "DE"), ("Łódź", "90-001", "PL"), ("Århus", "8000", "DK"), ("Málaga", "29001", "ES"),
        ("Besançon", "25000", "FR"), ("Malmö", "211 18", "SE"), ("Oslo", "0150", "NO"), ("Brno", "602 00", "CZ"))  # fmt: skip
STREET = ("Hauptstraße", "Rue de l'Église", "Storgata", "Długa", "Am Markt", "Plaza Mayor")
GOODS = ("Bolt", "Valve", "Bearing", "Gasket", "Pump", "Sensor", "Cable", "Relay", "Filter", "Hinge", "Gauge", "Fuse", "Coupling", "Nozzle")
MADE_OF = ("steel", "brass", "nylon", "titanium", "copper", "ceramic", "Käfig-Stahl", "Ø-ring rubber")
TROUBLE = (
    "does not start",
    "leaks oil 🛢️",
    "arrived damaged 📦",
    "wrong colour",
    "too loud 🔊",
    "invoice is not right",
    "gets hot 🔥",
    "is missing a part",
)


def person(random: Random) -> tuple[str, str]:
    return random.choice(FIRST), random.choice(LAST)


def company(random: Random) -> str:
    return f"{random.choice(LAST)} {random.choice(TRADE)} {random.choice(FORM)}"


def goods(random: Random) -> str:
    return f"{random.choice(GOODS)} M{random.randrange(2, 64)}, {random.choice(MADE_OF)}"


def phone(random: Random) -> str:
    return f"+{random.randrange(30, 50)} {random.randrange(10, 99)}/{random.randrange(100, 999)} {random.randrange(1000, 9999)}"


def long_text(random: Random) -> str:
    """A text of several kilobytes that does not compress well, so that PostgreSQL keeps it out of line."""
    return "\n".join(f"{random.getrandbits(256):064x} — {goods(random)}" for _ in range(80))


def uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))

"""The applications on both databases: random transactions, each written down in a journal that the judge goes by."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from cdc.model.change import ABSENT, Change, Op
from tests.simulation.judge import ACCOUNTS, START, Fields, Tables
from tests.simulation.server import Server

CUSTOMERS, CONTACTS, SHARED = 8, 8, 6
GATES = ("g1", "g2", "g3")


class Application:
    """Writes to the ERP; of the shared rows, each database changes its own half."""

    def __init__(self, servers: tuple[Server, Server], random: Random) -> None:
        self.erp, self.crm, self.random = *servers, random
        self.journal: Tables = {name: {} for name in ("customer", "contact", "bank", "shared", "scrap")}
        self.version = self.transactions = 0
        self.full = random.random() < 0.5
        """Whether logs carry old rows whole."""
        self.shares = False
        """Whether both databases write the shared rows: not before either has loaded the other's."""
        self.truncates = True
        """One TRUNCATE between two rests: an operator has to mend each of them."""
        self._changes: list[Change] = []
        for key in range(ACCOUNTS):
            self._insert(self.erp, "bank", {"id": str(key), "balance": str(START), "ver": self._next()})
        self._commit(self.erp)

    def transaction(self) -> None:
        """One of a few changes, on either side."""
        if self.truncates and self.random.random() < 0.01:
            self._truncate()
            self._commit(self.erp)
            return
        if self.shares and self.random.random() < 0.2:
            self._share(self.crm, "1")
            self._commit(self.crm)
            return
        for _ in range(self.random.choice((1, 1, 2, 4, 9))):
            self.random.choices(
                (self._customer, self._contact, self._transfer, lambda: self._share(self.erp, "0"), self._scrap), (6, 6, 2, 2, 2)
            )[0]()
        self._commit(self.erp)

    def detach(self) -> None:
        """Take away what waits for a customer who is not active: then nothing has to wait."""
        for key, row in list(self.journal["contact"].items()):
            if self.journal["customer"].get(row["customer"] or "", {}).get("active") != "t":
                self._delete(self.erp, "contact", key)
        self._commit(self.erp)

    def reshape(self) -> None:
        """DDL that no mapping is hit by: columns in another order, one more or one less."""
        name = self.random.choice(("customer", "contact", "scrap"))
        columns = [column.name for column in self.erp.shapes[name].columns if column.name != "more"]
        columns += ["more"] if self.random.random() < 0.5 else []
        self.random.shuffle(columns)
        self.erp.reshape(name, columns)

    def _commit(self, server: Server) -> None:
        if self._changes:
            server.commit(self._changes)
            self.transactions += 1
            self._changes = []

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def _pick(self, keys: Sequence[str]) -> str:
        return self.random.choice(sorted(keys))

    def _insert(self, server: Server, name: str, row: Fields) -> None:
        self.journal[name][row["id"] or ""] = row
        server.put(name, row["id"] or "", row)
        self._changes.append(Change(server.shapes[name], Op.INSERT, None, server.image(name, row)))

    def _update(self, server: Server, name: str, key: str, new: Fields, unsent: str = "") -> None:
        """`unsent`: a column that has not changed and that the log leaves out."""
        old = self.journal[name].pop(key)
        row = {**old, **new, "ver": self._next()}
        moves = row["id"] != key
        self.journal[name][row["id"] or ""] = row
        server.put(name, key, row)
        image = tuple(
            ABSENT if column.name == unsent else text
            for column, text in zip(server.shapes[name].columns, server.image(name, row), strict=True)
        )
        before = self._old(server, name, old) if moves or self.full else None
        self._changes.append(Change(server.shapes[name], Op.UPDATE, before, image))

    def _delete(self, server: Server, name: str, key: str) -> None:
        old = self.journal[name].pop(key)
        server.put(name, key, None)
        self._changes.append(Change(server.shapes[name], Op.DELETE, self._old(server, name, old), None))

    def _old(self, server: Server, name: str, row: Fields):
        image = server.image(name, row)
        return image if self.full else tuple(text if at in server.shapes[name].key else ABSENT for at, text in enumerate(image))

    def _customer(self) -> None:
        rows, key, other = self.journal["customer"], f"c{self.random.randrange(CUSTOMERS)}", f"c{self.random.randrange(CUSTOMERS)}"
        active = self.random.choice("ttttf")
        children = [child for child, row in self.journal["contact"].items() if row["customer"] == key]
        if key not in rows:
            ver = self._next()
            self._insert(self.erp, "customer", {"id": key, "name": f"n{ver}", "note": f"x{ver}", "active": active, "ver": ver})
        elif (kind := self.random.random()) < 0.6:
            name, note = f"n{self.version}", f"x{self.version}"
            if self.random.random() < 0.5:
                self._update(self.erp, "customer", key, {"name": name, "active": active}, unsent="note")
            else:
                self._update(self.erp, "customer", key, {"name": name, "note": note, "active": active})
        elif kind < 0.75 and other not in rows and not children:
            self._update(self.erp, "customer", key, {"id": other}, unsent=self.random.choice(("", "note")))
        elif kind > 0.75:
            for child in children:
                self._delete(self.erp, "contact", child)
            self._delete(self.erp, "customer", key)

    def _contact(self) -> None:
        rows, key, other = self.journal["contact"], f"p{self.random.randrange(CONTACTS)}", f"p{self.random.randrange(CONTACTS)}"
        if not self.journal["customer"]:
            return
        parent, gate = self._pick(list(self.journal["customer"])), self.random.choice(GATES)
        codes = {row["code"] for row in rows.values()}
        code = f"k{self.random.randrange(CONTACTS + 2)}"
        kind = self.random.random()
        if key not in rows:
            if code not in codes:
                self._insert(self.erp, "contact", {"id": key, "customer": parent, "code": code, "gate": gate, "ver": self._next()})
        elif kind < 0.4:
            self._update(self.erp, "contact", key, {"customer": parent, "gate": gate}, unsent=self.random.choice(("", "code")))
        elif kind < 0.55 and code not in codes:
            self._update(self.erp, "contact", key, {"code": code})
        elif kind < 0.65 and other in rows and other != key:
            mine, theirs = rows[key]["code"], rows[other]["code"]
            for row, value in ((key, None), (other, mine), (key, theirs)):  # a swap, round by NULL
                self._update(self.erp, "contact", row, {"code": value})
        elif kind < 0.8 and other not in rows:
            self._update(self.erp, "contact", key, {"id": other}, unsent=self.random.choice(("", "gate")))
        elif kind > 0.8:
            self._delete(self.erp, "contact", key)

    def _transfer(self) -> None:
        amount = self.random.randint(1, 9)
        for key, by in zip(self.random.sample(sorted(self.journal["bank"]), 2), (-amount, amount), strict=True):
            self._update(self.erp, "bank", key, {"balance": str(int(self.journal["bank"][key]["balance"] or 0) + by)})

    def _share(self, server: Server, half: str) -> None:
        rows, key = self.journal["shared"], f"s{self.random.randrange(SHARED)}-{half}"
        if not self.shares:
            return
        if key not in rows:
            ver = self._next()
            self._insert(server, "shared", {"id": key, "name": f"n{ver}", "ver": ver})
        elif self.random.random() < 0.8:
            self._update(server, "shared", key, {"name": f"n{self.version}"})
        else:
            self._delete(server, "shared", key)

    def _scrap(self) -> None:
        rows, key = self.journal["scrap"], f"t{self.random.randrange(5)}"
        if key not in rows:
            self._insert(self.erp, "scrap", {"id": key, "ver": self._next()})
        elif self.random.random() < 0.5:
            self._update(self.erp, "scrap", key, {})
        else:
            self._delete(self.erp, "scrap", key)

    def _truncate(self) -> None:
        self.truncates = False
        self.journal["scrap"].clear()
        self.erp.clear("scrap")
        self._changes.append(Change(self.erp.shapes["scrap"], Op.TRUNCATE, None, None))

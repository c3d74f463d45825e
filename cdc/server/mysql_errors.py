"""Error numbers of MySQL and MariaDB → what they mean for us.

https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html , https://mariadb.com/kb/en/mariadb-error-code-reference/ .
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.model.errors import BadRow, CdcError, Denied, Misconfigured, Transient, Unreachable
from cdc.server.rule import Rule, hints, kinds, rule

_NO_WRITES = "The server accepts no writes now (read_only is on)."
_ROOM = "Free space on the server's disk; nothing is lost meanwhile."

RULES: Sequence[Rule] = (
    rule("1213", Transient, "deadlock"),
    rule("1205", Transient, "a lock was not had in time (`innodb_lock_wait_timeout`)"),
    rule("1206 1689 3058 3572", Transient, "a lock was not had"),
    rule("1412 1615", Transient, "a table has changed since the transaction or the statement began"),
    rule("1020", Transient, "a row has changed since it was read (`innodb_snapshot_isolation`)"),
    rule("1180 3101", Transient, "COMMIT failed, or another member of the group refused it"),
    rule("1047", Transient, "the node of the cluster is not ready"),
    rule("1317", Transient, "the statement was cancelled"),
    rule("1969 3024", Transient, "the statement took too long (`max_statement_time`, `max_execution_time`)"),
    rule("1036 1290 1792 1836 1874 1881", Transient, "the server accepts no writes", _NO_WRITES),
    rule("1021 1114", Transient, "the disk or a tablespace is full", _ROOM),
    rule("1037 1041 1135 1637", Transient, "the server is out of memory, threads or room for transactions"),
    rule("1040 1203 1226", Transient, "too many connections, or too many of this account", "Raise max_connections, or end other sessions."),
    rule("2006 2013", Unreachable, "the server has gone away"),
    rule("2002 2003 2005", Unreachable, "the server is not there"),
    rule("1927 3169", Unreachable, "the session was killed"),
    rule("1053 1077 1080", Unreachable, "the server is stopping"),
    rule("1152 1158 1159 1160 1161 1184 1189 1190 2014 4031", Unreachable, "the connection broke"),
    rule("1062 1169 1586", BadRow, "a unique value belongs to another row"),
    rule("1048 1364", BadRow, "a column needs a value"),
    rule("1216 1217 1451 1452", BadRow, "a foreign key fails"),
    rule("1369 3819 4025", BadRow, "a check fails, of the table or of a view"),
    rule("1526", BadRow, "no partition takes the row"),
    rule("1264 1265 1292 1365 1366 1367 1406 1411 1416 1441 1525 1690 3140 3141 3156 3854", BadRow, "a value does not fit: range, length, format"),
    rule("1267 1270 1271", BadRow, "collations don't go together"),
    rule("1557 1761 1762", BadRow, "a foreign key's unique value belongs to another row"),
    rule("1118 1153", BadRow, "a row is too large"),
    rule("1644", BadRow, "a trigger or routine of the database raised an error"),
    rule(
        "1044", Denied, "the account may not use the database",
        "Check the database's name in the service file's URL, and what the account may do there: `cdc check --connect` prints the grants.",
    ),
    rule("1045", Denied, "the login was refused", "Check user and password in the service file, and the account's host on the server."),
    rule("1129", Denied, "the server refuses our host after too many failed connections", "flush hosts;"),
    rule("1130 1698 1820 1862 1873 3118", Denied, "the login was refused"),
    rule("1142 1143 1227 1370", Denied, "a privilege is missing"),
    rule("1049", Misconfigured, "there is no such database", "Check the database's name in the service file's URL."),
    rule("1051 1054 1064 1102 1103 1109 1146 1176", Misconfigured, "a table or column is not there or not as it was"),
    rule("1197", Misconfigured, "a transaction is larger than the binary log's cache", "set global max_binlog_cache_size = 18446744073709547520;"),
    rule("1665 3748", Misconfigured, "the server logs statements", "set global binlog_format = 'ROW';"),
    rule("3098", Misconfigured, "the group's rules forbid writing this table: it has no primary key"),
    rule("1030 1194 1195 1815 2027", CdcError, "the server failed: a damaged table, the storage engine, a packet that can't be read"),
)  # fmt: skip

KINDS: Mapping[int, type[CdcError]] = {int(code): kind for code, kind in kinds(RULES).items()}
HINTS: Mapping[int, str] = {int(code): hint for code, hint in hints(RULES).items()}

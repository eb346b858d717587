"""Who may do what, as the documents show it: every RPC, by every caller."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.callers import entry
from tests.support.certificates import DAY, NOW
from workflow_results.v1 import results_pb2 as pb

BY_TOKEN = """
                 none  wrong  removed  expired  reader  depositor  curator  admin
Health           ++    ++     ++       ++       ++      ++         ++       ++
Reflection       MM    II     II       EE       ++      ++         ++       ++
Info             MM    II     II       EE       ++      ++         ++       ++
Status           MM    II     II       EE       ++      ++         ++       ++
View             MM    II     II       EE       +P      +P         +P       ++
Top              MM    II     II       EE       +P      +P         +P       ++
Count            MM    II     II       EE       +P      +P         +P       ++
CountBy          MM    II     II       EE       +P      +P         +P       ++
GetByCount       MM    II     II       EE       +P      +P         +P       ++
GetById          MM    II     II       EE       +P      +P         +P       ++
GetByEvent       MM    II     II       EE       +P      +P         +P       ++
GetLocked        MM    II     II       EE       +P      +P         +P       ++
GetLockedCount   MM    II     II       EE       +P      +P         +P       ++
Watch            MM    II     II       EE       +P      +P         +P       ++
History          MM    II     II       EE       +P      +P         +P       ++
Deposit          MM    II     II       EE       RR      +P         +P       ++
DepositStream    MM    II     II       EE       RR      +P         +P       ++
Deposit*         MM    II     II       EE       RR      RR         +P       ++
DepositStream*   MM    II     II       EE       RR      RR         +P       ++
Update           MM    II     II       EE       RR      RR         +P       ++
DeleteIds        MM    II     II       EE       RR      RR         +P       ++
Lock             MM    II     II       EE       RR      RR         +P       ++
Unlock           MM    II     II       EE       RR      RR         +P       ++
ListIndexes      MM    II     II       EE       RR      RR         RR       ++
CreateIndex      MM    II     II       EE       RR      RR         RR       ++
DropIndex        MM    II     II       EE       RR      RR         RR       ++
DropPipeline     MM    II     II       EE       RR      RR         RR       ++
"""
"""By caller two letters: for a pipeline of its own, and for another one. `*` with works that are locked already.

+ is allowed; M, I and E are UNAUTHENTICATED for TOKEN_MISSING, TOKEN_INVALID and TOKEN_EXPIRED; R and P are
PERMISSION_DENIED for ROLE and PIPELINE.
"""

BY_CERTIFICATE = """
                 none  expired  foreign  nobody  reader  reader+wrong  reader+depositor  alternative  other
Health           XX    XX       XX       ++      ++      ++            ++                ++           ++
Reflection       XX    XX       XX       MM      ++      II            ++                ++           ++
Info             XX    XX       XX       MM      ++      II            ++                ++           ++
View             XX    XX       XX       MM      +P      II            +P                +P           P+
Deposit          XX    XX       XX       MM      RR      II            +P                RR           RR
DepositStream    XX    XX       XX       MM      RR      II            +P                RR           RR
Lock             XX    XX       XX       MM      RR      II            RR                RR           RR
"""
"""The same where clients need certificates; X is refused by TLS. What stands behind the + is sent as a token."""

RPCS = pb.DESCRIPTOR.services_by_name["ResultsService"].methods_by_name

CALLERS = {
    "expired": entry("admin", "*", token="expired", expires=NOW - DAY),
    **{role: entry(role, "own-*", token=role) for role in ("reader", "depositor", "curator")},
    "admin": entry("admin", "*", token="admin", created=NOW, expires=NOW + DAY),
    "by-certificate": entry("reader", "own-*"),
    "worker@lab.example": entry("reader", "own-*"),
    "reader of others": entry("reader", "other-*"),
}


def cells(table: str) -> Iterator[tuple[str, str, str]]:
    head, *rows = (line.split() for line in table.strip().splitlines())
    for rpc, *row in rows:
        for caller, cell in zip(head, row, strict=True):
            yield rpc, caller, cell

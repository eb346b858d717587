"""Make one replica set of the members of `compose.yaml`, with a user for the servers; does nothing the second time.

MEMBERS are their addresses with ports, and SECRETS is the directory of the passwords. The first member is at localhost,
too, which is where MongoDB lets the first user be made: this runs in the network of its container.
"""

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymongo
from pymongo.errors import OperationFailure

UNAUTHORIZED, ALREADY_INITIALIZED, USER_EXISTS = 13, 23, 51003
MEMBERS = os.environ["MEMBERS"].split(",")
SECRETS = Path(os.environ["SECRETS"])
PORT = MEMBERS[0].rpartition(":")[2]

Client = pymongo.MongoClient[dict[str, Any]]


def password(user: str) -> str:
    """Return the password of a user."""
    return (SECRETS / user).read_text().strip()


def once(client: Client, command: dict[str, Any], *done: int) -> None:
    """Run a command, and pass over the codes of errors which say that it was done before."""
    try:
        client.admin.command(command)
    except OperationFailure as error:
        if error.code not in done:
            raise


def main() -> None:
    """Make the replica set, its administrator and the user of the servers."""
    # The first one is preferred, as its container is the only one in which the administrator can be made.
    members = [{"_id": i, "host": host, "priority": 1 if i else 2} for i, host in enumerate(MEMBERS)]
    with Client(f"mongodb://localhost:{PORT}/?directConnection=true") as local:
        initiate = {"replSetInitiate": {"_id": "rs0", "members": members}}
        once(local, initiate, ALREADY_INITIALIZED, UNAUTHORIZED)
        while not local.admin.command("hello")["isWritablePrimary"]:
            time.sleep(0.2)
        roles = [{"role": "root", "db": "admin"}]
        once(local, {"createUser": "admin", "pwd": password("admin"), "roles": roles}, UNAUTHORIZED)
    with Client(f"mongodb://admin:{quote(password('admin'))}@{','.join(MEMBERS)}/?replicaSet=rs0") as administrator:
        roles = [{"role": "readWrite", "db": "workflow_results"}, {"role": "clusterMonitor", "db": "admin"}]
        once(administrator, {"createUser": "results", "pwd": password("results"), "roles": roles}, USER_EXISTS)
    print("the replica set is ready")


main()

"""The connection to MongoDB, and what it must be like to be trusted with results."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from pymongo import AsyncMongoClient, ReadPreference
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from workflow_results.common.bson_codec import OPTIONS
from workflow_results_server.telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.asynchronous.database import AsyncDatabase
    from pymongo.monitoring import CommandListener

_CONNECT_MS: Final = 5_000
"""How long the start, and what else runs without a time limit, waits for a primary. Calls have their own limits."""
_CONNECTED_SECONDS: Final = 30.0
"""How long a MongoDB may take that was there, and then does not answer."""

_WEAKENING: Final[dict[str, Callable[[Any], bool]]] = {
    "w": lambda value: value != "majority",
    "journal": lambda value: value is False,
    "fsync": lambda _value: True,
    "retrywrites": lambda value: value is False,
    "readpreference": lambda value: str(value).lower() != "primary",
    "readconcernlevel": lambda value: value not in ("majority", "linearizable"),
}
"""Options of a MongoDB URI, and whether a value breaks the promise that what is acknowledged is durable."""

_STANDALONE: Final = """\
the MongoDB at {hosts} is a standalone; results need a replica set, and one member is enough. Restart it with
  mongod --replSet rs0 …    (and the options it has now)
and then, once:
  mongosh --host {hosts} --eval 'rs.initiate()'"""


_FILES_OF_A_PIPELINE: Final = 4
"""Open files of mongod: for the collection, its index on `_id`, and ours."""
_SHARE_OF_FILES: Final = 0.5
"""Of the open files of mongod. The others are for connections, its journal, and what else it holds."""
_MOST_PIPELINES: Final = 10_000
"""More collections make MongoDB slow, whatever its files."""
_LEAST_PIPELINES: Final = 16


class ConnectionRefused(Exception):
    """This MongoDB can't be used; the message says why and what cures it."""


def checked_uri(uri: str) -> list[str]:
    """Refuse a URI that is none, or that weakens what is promised.

    Args:
        uri: A MongoDB connection string.

    Returns:
        The hosts that it names, without any secret.

    Raises:
        ConnectionRefused: See above.
    """
    try:
        parsed = parse_uri(uri, warn=False)
    except (InvalidURI, ConfigurationError, ValueError) as error:
        if str(error).startswith("Unknown option"):
            raise ConnectionRefused(f"--mongo-uri can't be used: {error}") from error
        raise ConnectionRefused(
            "--mongo-uri is not a MongoDB URI, like mongodb://HOST:27017/?replicaSet=rs0"
        ) from error
    for name, value in parsed["options"].items():
        weakens = _WEAKENING.get(name.lower())
        if weakens and weakens(value):
            raise ConnectionRefused(
                f"--mongo-uri sets {name}={value}, so acknowledged results could be lost or missed: remove it"
            )
    return [f"{host}:{port}" if port else host for host, port in parsed["nodelist"]]


async def connect(uri: str, database: str) -> AsyncDatabase[dict[str, Any]]:
    """Connect to MongoDB and make sure that it is a replica set.

    Args:
        uri: A MongoDB connection string.
        database: The name of the database of the results.

    Raises:
        ConnectionRefused: It can't be used.
    """
    hosts = ", ".join(checked_uri(uri))
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        uri,
        serverSelectionTimeoutMS=_CONNECT_MS,
        retryReads=False,  # PyMongo would ask a new primary that nobody has waited for: see primary.py
        appname="workflow-results",
        event_listeners=_listeners(),
    )
    try:
        # Not by pymongo.timeout, under which the wait for a primary would take as long.
        hello = await asyncio.wait_for(_greeted(client), _CONNECTED_SECONDS)
    except OperationFailure as error:
        await client.close()
        raise ConnectionRefused(f"the MongoDB at {hosts} refused the credentials of --mongo-uri") from error
    except (PyMongoError, asyncio.TimeoutError) as error:
        await client.close()
        raise ConnectionRefused(
            f"no MongoDB with a primary answers at {hosts}: is it running, reachable and initiated?"
        ) from error
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        await client.close()
        raise ConnectionRefused(_STANDALONE.format(hosts=hosts))
    return client.get_database(
        database,
        codec_options=OPTIONS,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern("majority", j=True),
    )


def _listeners() -> list[CommandListener]:
    """Return what watches each command: PyMongo takes time for that even if nobody heeds it."""
    spans = tracing.spans()
    if spans is None:
        return []
    from workflow_results_server.store.command_spans import CommandSpans

    return [CommandSpans(spans)]


async def _greeted(client: AsyncMongoClient[dict[str, Any]]) -> dict[str, Any]:
    hello: dict[str, Any] = await client.admin.command("hello")
    await client.admin.command("listDatabases", nameOnly=True)  # needs the credentials to be right
    return hello


async def most_pipelines(database: AsyncDatabase[dict[str, Any]]) -> int:
    """Return how many pipelines mongod bears, by the files that it may open: with one more it ends, again and again.

    Args:
        database: A database that is connected.

    Raises:
        PyMongoError: MongoDB failed.
    """
    client = database.client
    if client.topology_description.topology_type_name == "Sharded":  # mongos says nothing about their limits
        return _MOST_PIPELINES
    try:
        told = (await client.admin.command("hostInfo"))["extra"]
    except OperationFailure:  # this user may not ask
        return _MOST_PIPELINES
    files = told.get("extra", told).get("maxOpenFiles")  # MongoDB 6.0 wraps it twice
    if not files:  # on other systems than Linux
        return _MOST_PIPELINES
    return max(_LEAST_PIPELINES, min(_MOST_PIPELINES, int(files * _SHARE_OF_FILES / _FILES_OF_A_PIPELINE)))

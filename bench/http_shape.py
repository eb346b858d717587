"""What people use today, in its shape: the old routes, JSON over HTTP, on starlette, uvicorn and PyMongo.

It gives the same durability and keeps the same indexes, but checks nothing. Run it with the URI of MongoDB in the
environment variable HTTP_SHAPE_MONGO_URI; it prints `listening on HOST:PORT` and stops on SIGTERM. With
HTTP_SHAPE_SMALL it does without httptools and uvloop, as who installs uvicorn alone.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import uvicorn
from pymongo import AsyncMongoClient, WriteConcern
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.service import INDEXES

if TYPE_CHECKING:
    from starlette.requests import Request

DATABASE = "http_shape"


def application(uri: str) -> Starlette:
    """Return the service.

    Args:
        uri: Of a MongoDB replica set.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri)
    database = client.get_database(DATABASE, write_concern=WriteConcern(w="majority", j=True))
    prepared: set[str] = set()

    async def deposit(request: Request) -> JSONResponse:
        pipelines = defaultdict(list)
        for work in await request.json():
            pipelines[work["pipeline"]].append({"_id": work["id"], **work})
        for pipeline, documents in pipelines.items():
            if pipeline not in prepared:
                await database[pipeline].create_indexes(INDEXES)
                prepared.add(pipeline)
            await database[pipeline].insert_many(documents, ordered=False)
        return JSONResponse(dict.fromkeys(pipelines, True))

    async def view(request: Request) -> JSONResponse:
        asked = await request.json()
        pipeline, query = filter_of(asked["query"])
        cursor = database[pipeline].find(query, {**asked["projection"], "_id": False})
        return JSONResponse(await cursor.skip(asked["skip"]).limit(asked["limit"]).to_list())

    async def count(request: Request) -> JSONResponse:
        pipeline, query = filter_of((await request.json())["query"])
        return JSONResponse(await database[pipeline].count_documents(query))

    async def status(_request: Request) -> JSONResponse:
        names = await database.list_collection_names()
        counts = await asyncio.gather(*(database[name].estimated_document_count() for name in names))
        return JSONResponse(dict(zip(names, counts, strict=True)))

    return Starlette(
        routes=[
            Route("/results", deposit, methods=["POST"]),
            Route("/view", view, methods=["POST"]),
            Route("/view/count", count, methods=["POST"]),
            Route("/status", status),
        ]
    )


def filter_of(query: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the pipeline that a query of the old client names, and its filter; ids have the index of `_id`."""
    pipeline = query.pop("pipeline")
    return pipeline, {"_id" if key == "id" else key: value for key, value in query.items()}


def main() -> None:
    """Serve on a free port."""
    parts: dict[str, Any] = {"http": "h11", "loop": "asyncio"} if "HTTP_SHAPE_SMALL" in os.environ else {}
    server = uvicorn.Server(
        uvicorn.Config(application(os.environ["HTTP_SHAPE_MONGO_URI"]), log_level="warning", **parts)
    )
    # With this protocol, asyncio sets TCP_NODELAY.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        print(f"listening on 127.0.0.1:{listening.getsockname()[1]}", flush=True)
        server.run(sockets=[listening])


if __name__ == "__main__":
    main()

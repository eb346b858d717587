"""The results in MongoDB. Knows nothing of gRPC."""

from workflow_results_server.store.by_field import Ranking
from workflow_results_server.store.changes import Change, Refusal
from workflow_results_server.store.connection import ConnectionRefused, checked_uri
from workflow_results_server.store.deposits import Outcome
from workflow_results_server.store.exchange import Difference
from workflow_results_server.store.history import OF_PIPELINE, Entry, Origin
from workflow_results_server.store.indexes import Index
from workflow_results_server.store.quarantine import Aside, Quarantine
from workflow_results_server.store.selection import Batch, Selection
from workflow_results_server.store.store import CLOSE_SECONDS, Store
from workflow_results_server.store.watching.events import Event, Kind
from workflow_results_server.store.watching.stream import Expired, InvalidToken
from workflow_results_server.store.watching.watches import Part, Place, Wanted, Watches

__all__ = [
    "CLOSE_SECONDS",
    "OF_PIPELINE",
    "Aside",
    "Batch",
    "Change",
    "ConnectionRefused",
    "Difference",
    "Entry",
    "Event",
    "Expired",
    "Index",
    "InvalidToken",
    "Kind",
    "Origin",
    "Outcome",
    "Part",
    "Place",
    "Quarantine",
    "Ranking",
    "Refusal",
    "Selection",
    "Store",
    "Wanted",
    "Watches",
    "checked_uri",
]

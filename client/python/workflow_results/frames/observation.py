"""Which fields results have, and of which types: noted while they are read, at little more than a lookup for each."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final, TypeAlias

from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId

from workflow_results.errors import ResultsError

NULL: Final = "null"
BOOL: Final = "a bool"
INT: Final = "an integer"
FLOAT: Final = "a float"
TEXT: Final = "a string"
TIME: Final = "a datetime"
BYTES: Final = "bytes"
UUID: Final = "a UUID"
OBJECT_ID: Final = "an ObjectId"
DECIMAL: Final = "a Decimal128"
LIST: Final = "a list"
DOCUMENT: Final = "a document"

Wanted: TypeAlias = "dict[str, Wanted]"
_Nodes: TypeAlias = "list[tuple[str, Node]]"
ELEMENT: Final = "\0"
"""Stands for the elements of a list among the names of fields, which no field is called."""

_KINDS: Final[dict[type[Any], str]] = {
    type(None): NULL,
    bool: BOOL,
    int: INT,
    Int64: INT,
    float: FLOAT,
    str: TEXT,
    dt.datetime: TIME,
    DatetimeMS: TIME,
    bytes: BYTES,
    uuid.UUID: UUID,
    ObjectId: OBJECT_ID,
    Decimal128: DECIMAL,
    list: LIST,
    dict: DOCUMENT,
}
_MOST_SIGNATURES: Final = 500
"""Of the documents at one place. Where there are more, they are hardly ever met again."""
_MOST_FIELDS: Final = 5_000


class Observation:
    """What has been seen of many results.

    Attributes:
        root (Node): The results themselves.

        changes (int): How many fields and kinds have been met for the first time.

    Args:
        wanted: The fields to look at, as `Node` takes them; None for all.
    """

    def __init__(self, wanted: Wanted | None = None) -> None:
        self.changes = 0
        self._fields = 0
        self.root = Node("", self, wanted)

    def add(self, results: list[dict[str, Any]], ids: list[str]) -> None:
        """Note results.

        Args:
            results: Some of them, decoded.
            ids: Their names for errors.

        Raises:
            ResultsError: There are too many fields.
        """
        for result, id_ in zip(results, ids, strict=True):
            self.root.add_document(result, id_)

    def met_field(self, path: str) -> None:
        """Note that there is one more field.

        Raises:
            ResultsError: There are too many.
        """
        self.changes += 1
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            parent = path.rpartition(".")[0]
            raise ResultsError(
                f"the results have more than {_MOST_FIELDS:,} different fields, among them {path!r}: give a schema"
                f" with the columns you need{f', or leave {parent!r} out with a projection' if parent else ''}"
            )


class Node:
    """What has been seen at one place: a field, the elements of a list, or the results themselves.

    Attributes:
        path (str): The place, for errors.
        kinds (dict[str, str]): The kinds of its values, each with the first result that has one.
        fields (dict[str, Node]): The fields of its documents.
        element (Node | None): The elements of its lists, if there are any.

    Args:
        path: As above.
        observation: What it is a part of.
        wanted: The fields to look at by name, each with those of its documents; under `ELEMENT`, those of the documents
            in its lists. None for all.
    """

    __slots__ = ("_observation", "_seen", "_wanted", "element", "fields", "kinds", "path")

    def __init__(self, path: str, observation: Observation, wanted: Wanted | None) -> None:
        self.path = path
        self.kinds: dict[str, str] = {}
        self.fields: dict[str, Node] = {}
        self.element: Node | None = None
        self._observation = observation
        self._wanted = wanted
        self._seen: dict[Any, tuple[_Nodes, _Nodes]] = {}
        """By names and types of documents: their fields that hold documents, and those that hold lists."""

    def add_document(self, document: dict[str, Any], id_: str) -> None:
        """Note a document at this place.

        Args:
            document: The document.
            id_: The name of its result for errors.
        """
        signature = (*document, *map(type, document.values()))
        try:
            documents, lists = self._seen[signature]
        except KeyError:
            documents, lists = self._learn(document, id_)
            if len(self._seen) < _MOST_SIGNATURES and Binary not in signature:  # whose kinds differ by their subtypes
                self._seen[signature] = documents, lists
        for name, node in documents:
            node.add_document(document[name], id_)
        for name, node in lists:
            node.add_list(document[name], id_)

    def add_list(self, values: list[Any], id_: str) -> None:
        """Note a list at this place.

        Args:
            values: Its elements.
            id_: The name of its result for errors.
        """
        if not values:
            return
        types = set(map(type, values))
        node = self.element
        if node is None:
            wanted = None if self._wanted is None else self._wanted.get(ELEMENT, {})
            node = self.element = Node(f"{self.path}[]", self._observation, wanted)
        for type_ in types:
            if type_ is Binary:
                for value in values:
                    if type(value) is Binary:
                        node.add_kind(_kind(value), id_)
            elif (kind := _KINDS.get(type_, type_.__name__)) not in node.kinds:
                node.add_kind(kind, id_)
        if dict in types:
            for value in values:
                if type(value) is dict:
                    node.add_document(value, id_)
        if list in types:
            for value in values:
                if type(value) is list:
                    node.add_list(value, id_)

    def add_kind(self, kind: str, id_: str) -> None:
        """Note that a result has a value of a kind here."""
        if kind not in self.kinds:
            self.kinds[kind] = id_
            self._observation.changes += 1

    def _learn(self, document: dict[str, Any], id_: str) -> tuple[_Nodes, _Nodes]:
        documents, lists = [], []
        for name, value in document.items():
            if self._wanted is not None and name not in self._wanted:
                continue
            node = self.fields.get(name)
            if node is None:
                wanted = None if self._wanted is None else self._wanted[name]
                node = Node(f"{self.path}.{name}" if self.path else name, self._observation, wanted)
                self._observation.met_field(node.path)
                self.fields[name] = node
            node.add_kind(_kind(value), id_)
            if type(value) is dict:
                documents.append((name, node))
            elif type(value) is list:
                lists.append((name, node))
        return documents, lists


def _kind(value: Any) -> str:
    """Return the kind of a value; values of a type that no column holds have the name of that type."""
    if type(value) is Binary:
        return f"{BYTES} of subtype {value.subtype}"
    return _KINDS.get(type(value), type(value).__name__)

"""Which fields results have, and of which types, noted while they are read: a field of many results at a time."""

from __future__ import annotations

import datetime as dt
import uuid
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId

from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable

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
_MOST_FIELDS: Final = 5_000


class Observation:
    """What has been seen of many results.

    Attributes:
        root (Node): The results themselves.

        changes (int): How many kinds of values have been met for the first time, each at its place.

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
            ids: Their ids.

        Raises:
            ResultsError: There are too many fields.
        """
        self.root.add(results, lambda: ids)

    def met_field(self, path: str) -> None:
        """Note that there is one more field.

        Raises:
            ResultsError: There are too many.
        """
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

    __slots__ = ("_met", "_observation", "_wanted", "element", "fields", "kinds", "path")

    def __init__(self, path: str, observation: Observation, wanted: Wanted | None) -> None:
        self.path = path
        self.kinds: dict[str, str] = {}
        self.fields: dict[str, Node] = {}
        self.element: Node | None = None
        self._observation = observation
        self._wanted = wanted
        self._met: set[type[Any]] = set()
        """The types of values whose kinds are known."""

    def add(self, values: list[Any], ids: Callable[[], list[str]]) -> None:
        """Note values at this place, some hundred at a time, so that C code looks at each of them.

        Args:
            values: The values, None where there is none.
            ids: Returns the ids of their results.
        """
        types = set(map(type, values))
        if new := types - self._met:
            self._meet(new, values, ids())
        if dict in types:
            documents = values if len(types) == 1 else [value for value in values if type(value) is dict]
            self._add_documents(documents, ids if documents is values else lambda: _chosen(ids(), values, dict))
        if list in types:
            lists = values if len(types) == 1 else [value for value in values if type(value) is list]
            if elements := list(chain.from_iterable(lists)):
                if self.element is None:
                    wanted = None if self._wanted is None else self._wanted.get(ELEMENT, {})
                    self.element = Node(f"{self.path}[]", self._observation, wanted)
                self.element.add(
                    elements, lambda: [*chain.from_iterable(map(repeat, _chosen(ids(), values, list), map(len, lists)))]
                )

    def _meet(self, types: set[type[Any]], values: list[Any], ids: list[str]) -> None:
        for value, id_ in zip(values, ids, strict=True):
            if type(value) in types and (kind := _kind(value)) not in self.kinds:
                self.kinds[kind] = id_
                self._observation.changes += 1
        self._met |= types - {Binary}  # whose kind has a subtype

    def _add_documents(self, documents: list[dict[str, Any]], ids: Callable[[], list[str]]) -> None:
        names = dict.fromkeys(chain.from_iterable(documents)) if self._wanted is None else self._wanted
        for name in names:
            node = self.fields.get(name)
            if node is None:
                node = self.fields[name] = Node(
                    f"{self.path}.{name}" if self.path else name,
                    self._observation,
                    None if self._wanted is None else self._wanted[name],
                )
                self._observation.met_field(node.path)
            node.add([*map(dict.get, documents, repeat(name))], ids)


def _chosen(ids: list[str], values: list[Any], type_: type[Any]) -> list[str]:
    """Return the ids of values of a type."""
    return [id_ for id_, value in zip(ids, values, strict=True) if type(value) is type_]


def _kind(value: Any) -> str:
    """Return the kind of a value; values of a type that no column holds have the name of that type."""
    if type(value) is Binary:
        return f"{BYTES} of subtype {value.subtype}"
    return _KINDS.get(type(value), type(value).__name__)

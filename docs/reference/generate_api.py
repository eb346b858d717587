"""Write api.md, beside this file or where the argument says, from the comments of the proto."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

REPOSITORY = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("api.md")
BUF = Path(sys.executable).with_name("buf")
PACKAGE = ".workflow_results.v1."

SYNTAX, SERVICE, MESSAGE, ENUM = (12,), (6, 0), 4, 5
"""Where the things are in a file; protobuf's own descriptor.proto numbers them."""
METHOD, FIELD, ONEOF, VALUE = 2, 2, 8, 2
"""Where they are in a service, a message and an enum."""

SUBJECT = re.compile(r"^([A-Z][\w -]*)\. ")
"""What a paragraph about the whole service begins with."""
CODE_OR_MARK = re.compile(r"(?P<code>`[^`]*`)|[<\[]")
"""What stays as it is, or what Markdown would take for a tag or a link."""
MARKS = {"<": "&lt;", "[": "\\["}

HEAD = """\
# The gRPC API

`make proto` writes this page from [`results.proto`](../../proto/workflow_results/v1/results.proto) and
[`errors.proto`](../../proto/workflow_results/v1/errors.proto): every method, message and field, with its comment.
The reasons of errors and rejections have [a page of their own](errors.md).

"""
Comments = dict[tuple[int, ...], str]


def page() -> str:
    """Return the text of api.md."""
    built = subprocess.run(  # noqa: S603
        [BUF, "build", "--as-file-descriptor-set", "-o", "-"], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE
    )
    found = FileDescriptorSet.FromString(built.stdout)
    files = {Path(file.name).name: file for file in found.file}
    results, errors = files["results.proto"], files["errors.proto"]
    return HEAD + "\n\n".join([*_of_results(results), *_of_errors(errors)]) + "\n"


def _of_results(file: FileDescriptorProto) -> Iterator[str]:
    comments = _comments(file)
    for paragraph in comments[SYNTAX].split("\n\n")[1:]:  # the first one says what the page is
        yield SUBJECT.sub(r"**\1.** ", paragraph) if paragraph.endswith(".") else f"## {paragraph}"
    yield "## Methods"
    yield f"Of the service `{PACKAGE[1:]}{file.service[0].name}`. {comments[SERVICE]}"
    for number, method in enumerate(file.service[0].method):
        yield f"### {method.name}"
        yield _signature(method)
        yield comments[_inside(SERVICE, METHOD, number)]
    yield "## Messages"
    for number, message in enumerate(file.message_type):
        yield from _message(message, comments, (MESSAGE, number))
    yield "## Enums"
    for number, enum in enumerate(file.enum_type):
        yield from _enum(enum, comments, (ENUM, number))


def _of_errors(file: FileDescriptorProto) -> Iterator[str]:
    comments = _comments(file)
    yield "## Errors"
    yield comments[SYNTAX]
    for number, message in enumerate(file.message_type):
        yield from _message(message, comments, (MESSAGE, number))
    for number, enum in enumerate(file.enum_type):
        yield f"### {enum.name}"
        yield f"{comments[ENUM, number]} Its values are on [the page of errors](errors.md)."


def _message(message: DescriptorProto, comments: Comments, path: tuple[int, ...]) -> Iterator[str]:
    yield f"### {message.name}"
    yield comments[path]
    nested = {f".{PACKAGE[1:]}{message.name}.{each.name}": each for each in message.nested_type}
    assert all(each.options.map_entry for each in nested.values()), "a nested message has no place on the page"
    rows = ["| field | type | number | |", "|---|---|---|---|"]
    for number, field in enumerate(message.field):
        entry = nested.get(field.type_name)
        kind = f"map of {_type(entry.field[0])} to {_type(entry.field[1])}" if entry else _labelled(field)
        text = comments[_inside(path, FIELD, number)]
        if field.HasField("oneof_index") and not field.proto3_optional:
            text = f"{text} One of `{message.oneof_decl[field.oneof_index].name}`."
        rows.append(f"| `{field.name}` | {kind} | {field.number} | {_cell(text)} |")
    if message.field:
        yield "\n".join(rows)
    for number, oneof in enumerate(message.oneof_decl):
        if not oneof.name.startswith("_"):  # as protoc calls that of an optional field
            yield f"`{oneof.name}`: {comments[_inside(path, ONEOF, number)]}"


def _enum(enum: EnumDescriptorProto, comments: Comments, path: tuple[int, ...]) -> Iterator[str]:
    yield f"### {enum.name}"
    yield comments[path]
    rows = [
        f"| `{value.name}` | {value.number} | {_cell(comments[_inside(path, VALUE, number)])} |"
        for number, value in enumerate(enum.value)
    ]
    yield "\n".join(["| value | number | |", "|---|---|---|", *rows])


def _signature(method: MethodDescriptorProto) -> str:
    request, response = (_link(name) for name in (method.input_type, method.output_type))
    streams = [("stream of " if streamed else "") for streamed in (method.client_streaming, method.server_streaming)]
    return f"{streams[0]}{request} → {streams[1]}{response}"


def _labelled(field: FieldDescriptorProto) -> str:
    if field.proto3_optional:
        return f"optional {_type(field)}"
    return f"repeated {_type(field)}" if field.label == FieldDescriptorProto.LABEL_REPEATED else _type(field)


def _type(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return _link(field.type_name)
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def _link(name: str) -> str:
    if not name.startswith(PACKAGE):
        return f"`{name[1:]}`"
    short = name.removeprefix(PACKAGE)
    return f"[{short}](#{short.lower()})"


def _inside(path: tuple[int, ...], *rest: int) -> tuple[int, ...]:
    return (*path, *rest)


def _comments(file: FileDescriptorProto) -> Comments:
    """Return the comments before each thing in a file, by where it is."""
    return {tuple(each.path): _prose(each.leading_comments) for each in file.source_code_info.location}


def _prose(comment: str) -> str:
    """Return the paragraphs of a comment, each in one line, as Markdown that shows what was written.

    Lines that are indented in the comment have columns, and stay as they are.
    """
    paragraphs = []
    for paragraph in comment.split("\n\n"):
        lines = [line.removeprefix(" ") for line in paragraph.splitlines()]
        prose = [line for line in lines if not line.startswith(" ")]
        paragraphs.append(CODE_OR_MARK.sub(lambda found: found["code"] or MARKS[found[0]], " ".join(prose)))
        if columns := [line for line in lines if line.startswith(" ")]:
            paragraphs.append("\n".join(["```text", *columns, "```"]))
    return "\n\n".join(paragraphs)


def _cell(text: str) -> str:
    return text.replace("\n\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    (Path(sys.argv[1]) if sys.argv[1:] else PAGE).write_text(page())

"""Write errors.md, beside this file or where the argument says, from errors.proto and the exceptions of the client."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import grpc

from workflow_results._transport.rpc_errors import exception_for

PROTO = Path(__file__).parents[2] / "proto/workflow_results/v1/errors.proto"
PAGE = Path(__file__).with_name("errors.md")

ENUM = re.compile(r"^enum (?P<name>\w+) \{\n(?P<values>.*?)^\}", re.MULTILINE | re.DOTALL)
VALUE = re.compile(r"(?P<comment>(?:  //[^\n]*\n)+)  (?P<name>\w+) = (?P<number>\d+);\n")
FACTS = re.compile(r"Code: (?P<code>.*?)\. Methods: (?P<methods>.*?)\. Retry: (?P<retry>.*?)\.$")

HEAD = """\
# Errors

`make proto` writes this page from `proto/workflow_results/v1/errors.proto`, which also describes the details of an
error. In Python, each error is an exception of `workflow_results`, whose `reason` is the name below.

| reason | gRPC code | Python | methods | retry | meaning |
|---|---|---|---|---|---|
"""
REJECTIONS = """
## Rejections

A work that breaks a rule is rejected alone; the other works of the deposit are stored. Its `Rejection` says why:

| reason | meaning |
|---|---|
"""


def values_of(enum: str) -> dict[str, str]:
    """Return the comments of the values of an enum in errors.proto, by their names without the prefix."""
    found = {match["name"]: match["values"] for match in ENUM.finditer(PROTO.read_text())}
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum).upper() + "_"
    comments = {
        match["name"].removeprefix(prefix): " ".join(re.findall(r"// ?(.*)", match["comment"]))
        for match in VALUE.finditer(found[enum])
        if match["number"] != "0"
    }
    return {name: re.sub(r"\s+", " ", comment) for name, comment in comments.items()}


def page() -> str:
    """Return the text of errors.md."""
    rows = []
    for name, comment in values_of("ErrorReason").items():
        facts = FACTS.search(comment)
        assert facts, f"the comment of {name} must end with its code, methods and retry"
        codes = facts["code"].split(" or ")
        classes = dict.fromkeys(exception_for(grpc.StatusCode[code], name).__name__ for code in codes)
        meaning = FACTS.sub("", comment).strip()
        named = [" or ".join(f"`{each}`" for each in several) for several in (codes, classes)]
        rows.append(" | ".join([f"| `{name}`", *named, facts["methods"], facts["retry"], f"{meaning} |\n"]))
    rejections = [f"| `{name}` | {comment} |\n" for name, comment in values_of("RejectionReason").items()]
    return "".join([HEAD, *rows, REJECTIONS, *rejections])


if __name__ == "__main__":
    (Path(sys.argv[1]) if sys.argv[1:] else PAGE).write_text(page())

"""Whoever follows a page for a test reads all of it, and notices what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.reader import PAGE, follow, steps

EXAMPLE = """
# A page

## Install

```sh
exit 1
```

## Begin

`greeting.txt` has a word:

```txt
hello
```

```sh
cat greeting.txt
(echo one; echo two) | tail -1
date '+%F %T'
```

```text
hello
two
2026-11-28 05:10:53
```

## End

```sh
rm greeting.txt
```
"""


def test_every_command_of_the_tutorial_is_typed() -> None:
    typed = "".join(step.commands for step in steps(PAGE.read_text()))
    _, _, *blocks = PAGE.read_text().split("```sh\n")  # the first of which installs
    assert typed == "".join(block.partition("```")[0] for block in blocks)
    assert typed.count("workflow-results ") >= 10


def test_a_page_that_is_right(tmp_path: Path) -> None:
    follow(EXAMPLE, Path("/usr/bin"), tmp_path, 1)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("`greeting.txt` has a word", "a file has a word"),
        ("```txt\nhello", "```txt\nhallo"),
        ("two\n", "three\n"),
        ("05:10:53\n", "05:10\n"),
        ("rm greeting.txt", "rm letter.txt"),
        ("rm greeting.txt", "echo more"),
        ("```sh\ncat", "```sh\nfalse\ncat"),
    ],
)
def test_a_page_that_is_wrong(written: str, instead: str, tmp_path: Path) -> None:
    assert written in EXAMPLE
    with pytest.raises(AssertionError):
        follow(EXAMPLE.replace(written, instead, 1), Path("/usr/bin"), tmp_path, 1)

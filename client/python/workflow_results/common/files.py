"""Files that people write: checked before they are opened; errors never quote their content."""

from __future__ import annotations

import difflib
import errno
import re
import stat
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common.rules import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_QUOTED: Final = re.compile(r"""(['"])[!\w].*\1""")
"""Names, tags and characters of a file in PyYAML's errors, without the punctuation that it expected."""
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}")
"""What a slip of the hand looks like. Anything else may be a secret in a wrong place, and is not shown."""


def check_regular(path: Path) -> None:
    """Check that a path is a regular file before it is opened: opening a pipe could block forever.

    Args:
        path: The file, or a link to it.

    Raises:
        OSError: It is not there, or something else.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Is not a regular file", str(path))


def parse_yaml(content: bytes, loader: Any = None) -> Any:
    """Parse YAML that may hold secrets.

    Args:
        content: The content of a file.
        loader: A safe loader; None for PyYAML's own.

    Returns:
        What it holds.

    Raises:
        ValueError: It can't be parsed, or a key occurs twice in a mapping: the later one would silently replace the
            earlier. The message is worded to follow what names the file, and quotes nothing of it.
    """
    import yaml  # here, since most clients need none

    try:
        loading = (loader or yaml.SafeLoader)(content)
        try:
            root = loading.get_single_node()
            if repeated := _repeated_key(root):
                raise yaml.MarkedYAMLError(problem="a key occurs twice", problem_mark=repeated.start_mark)
            return loading.construct_document(root) if root else None
        finally:
            loading.dispose()
    except yaml.MarkedYAMLError as error:  # whose own text would quote the line
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"can't be read as YAML: {_QUOTED.sub('…', error.problem or '')}{line}") from None
    except (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError):  # of tags like `!!bool no way`
        raise ValueError("can't be read as YAML") from None


def _repeated_key(root: Any) -> Any:
    """Find a key that occurs twice in a mapping; keys that are merged from others by `<<` may be repeated."""
    waiting, seen = [root] if root else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # by an alias, which may stand in the node itself
            continue
        seen.add(id(node))
        if node.id == "sequence":
            waiting += node.value
        elif node.id == "mapping":
            names = set[tuple[str, str]]()
            for key, value in node.value:
                waiting += key, value
                if key.id != "scalar":
                    continue
                if (key.tag, key.value) in names:
                    return key
                names.add((key.tag, key.value))
    return None


def unknown_key(mapping: Iterable[object], known: Iterable[str]) -> str | None:
    """Explain which key of a mapping in a file is not known, if one is not.

    Args:
        mapping: The keys of the mapping, in their order.
        known: Those that it may have.

    Returns:
        What is wrong, worded to follow what names the mapping, or None.
    """
    names = sorted(known)
    for number, key in enumerate(mapping, 1):
        if isinstance(key, str) and key in names:
            continue
        shown = shorten(key) if _KEY.fullmatch(str(key)) else f"number {number}"
        near = difflib.get_close_matches(str(key).lower().replace("-", "_"), names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"its keys may be {', '.join(names)}"
        return f"has an unknown key, {shown}: {hint}"
    return None

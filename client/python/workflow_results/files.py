"""Files that people write: checked before they are opened, and read without a word of what stands in them."""

from __future__ import annotations

import errno
import re
import stat
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

_QUOTED: Final = re.compile(r"""(['"])[!\w].*\1""")
"""Names, tags and characters of a file in the problems that PyYAML tells; not the punctuation that it misses."""


def check_regular(path: Path) -> None:
    """Check that a file is one, before it is opened: to open a pipe may take for ever, and a server would hang.

    Args:
        path: The file, or a link to it.

    Raises:
        OSError: It is not there, or something else.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Is no regular file", str(path))


def parse_yaml(content: bytes, loader: Any = None) -> Any:
    """Parse YAML that may hold secrets.

    Args:
        content: The content of a file.
        loader: A safe loader; None for PyYAML's own.

    Returns:
        What it holds.

    Raises:
        ValueError: It can't be parsed; the message is worded to follow what names the file, and quotes nothing of it.
    """
    import yaml  # here, since most clients need none

    try:
        return yaml.load(content, loader or yaml.SafeLoader)  # noqa: S506 - a safe one
    except yaml.MarkedYAMLError as error:  # whose own text would quote the line
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"can't be read as YAML: {_QUOTED.sub('…', error.problem or '')}{line}") from None
    except (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError):  # of tags like `!!bool no way`
        raise ValueError("can't be read as YAML") from None

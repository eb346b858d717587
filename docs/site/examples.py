"""Let the examples of docstrings be shown as code: griffe knows their section by the plural alone."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

SINGULAR = re.compile(r"^Example:$", re.MULTILINE)


class Examples(Extension):
    """Rename the section before griffe looks for it."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rename it in the docstring of an object."""
        if obj.docstring:
            obj.docstring.value = SINGULAR.sub("Examples:", obj.docstring.value)

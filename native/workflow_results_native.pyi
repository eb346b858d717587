from typing import Any

INTERFACE: int
__version__: str

def cut(
    data: bytes, start: int, *, size: int, number: int, levels: int, most_bytes: int
) -> tuple[list[tuple[str, str, str, bool, bytes] | bytes], int]: ...
def encode(document: dict[str, Any], levels: int, most_bytes: int) -> bytes | None: ...

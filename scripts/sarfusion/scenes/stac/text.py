"""Text from a server, made safe for messages."""

from typing import Any


def printable(value: Any, length: int) -> str:
    """Return untrusted `value` as at most `length` printable ASCII characters."""
    text = ascii(value)[1:-1] if isinstance(value, str) else ascii(value)
    return text if len(text) <= length else text[: length - 3] + "..."

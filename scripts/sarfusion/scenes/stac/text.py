"""Text from a server, made fit for a line of ours."""


def printable(value, length):
    """Return untrusted `value` as at most `length` printable ASCII characters."""
    text = ascii(value)[1:-1] if isinstance(value, str) else ascii(value)
    return text if len(text) <= length else text[: length - 3] + "..."

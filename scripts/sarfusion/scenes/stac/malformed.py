"""Errors of pystac and pystac-client for JSON of an unexpected form."""

from pystac import STACError, STACTypeError
from pystac_client.errors import ClientTypeError

from .text import printable

MALFORMED = (
    ClientTypeError,
    STACError,
    STACTypeError,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)


def reason_of(error: BaseException) -> str:
    """Return class and text of such an exception in one short line."""
    return f"{type(error).__name__}: {printable(str(error), 100)}"

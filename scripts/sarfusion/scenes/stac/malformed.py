"""JSON that is not of the form that pystac and pystac-client expect."""

from pystac import STACError, STACTypeError
from pystac_client.errors import ClientTypeError

from .text import printable

# What the two libraries raise for it.
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


def reason_of(error):
    """Return the kind and the text of such an exception in one short line."""
    return f"{type(error).__name__}: {printable(str(error), 100)}"

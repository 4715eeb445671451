"""Asking servers: only what is allowed, never for ever, and again where it may pass."""

import logging
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import urljoin

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

from ...core.errors import StudyError
from .hrefs import check_href

PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses that may be gone a moment later
LONGEST_WAIT_S = 120  # a server that asks for more is asked another day
CONNECTIONS = 32  # kept open to one server


class Unavailable(StudyError):
    """The network or a server did not give what it may give another time."""


class Broken(StudyError):
    """What a server has is not what was asked for, and waiting will not mend it."""


class _Passing(Exception):
    """A failure worth another attempt; wait_s: what the server asks to wait."""

    def __init__(self, reason, wait_s=0.0):
        super().__init__(reason)
        self.wait_s = wait_s


class _Refused(requests.exceptions.InvalidURL):
    """An address that check_href refuses; its text says why, and holds no token."""


class _Adapter(HTTPAdapter):
    """Sends only what check_href allows, and does not wait for ever."""

    def __init__(self, timeout_s, offline):
        super().__init__(pool_maxsize=CONNECTIONS)
        self._timeout_s, self._offline = timeout_s, offline

    def send(self, request, *arguments, **options):
        href = _allowed(request.url)
        if self._offline:
            raise Unavailable(f"offline: {href} is not here; run once without --offline")
        options["timeout"] = options.get("timeout") or self._timeout_s
        return super().send(request, *arguments, **options)


class _Session(requests.Session):
    """Looks at where a redirect leads before anything else does."""

    def get_redirect_target(self, response):
        try:
            target = super().get_redirect_target(response)
            address = target and urljoin(response.url, target)
        except ValueError:
            raise _Refused("what is no address; choose another item") from None
        if address:
            _allowed(address)
        return target


def _allowed(address):
    try:
        return check_href(address)
    except StudyError as error:
        raise _Refused(str(error)) from None


def open_session(timeout_s, offline):
    """Return a requests.Session for https and, on this machine, http; no other schemes.

    timeout_s: for connecting, and for each wait for more of an answer. offline: refuse all.
    """
    session = _Session()
    session.max_redirects = 5
    for prefix in ("https://", "http://"):
        session.mount(prefix, _Adapter(timeout_s, offline))
    return session


class Retries:
    """Bounded attempts with growing, random pauses between them.

    attempts: how often a work is tried. delay_s: the first pause is up to that long, later ones
    up to twice the one before, none above longest_delay_s; a server's Retry-After comes on top.
    """

    def __init__(self, attempts, delay_s, longest_delay_s):
        self._attempts = attempts
        self._pause = tenacity.wait_random_exponential(delay_s, longest_delay_s)

    def call(self, work, what):
        """Return work(); `what` names it in messages.

        Raises Unavailable when no attempt got through, Broken when none ever would. Other
        StudyErrors of `work` pass through at once.
        """
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            return attempts(_attempt, work, what)
        except _Passing as error:
            reason = str(error)
        # Outside of the handler, so that no address with a token hangs on as context.
        raise Unavailable(f"{what}: {reason} ({self._attempts} attempts); try again later")

    def _wait(self, state):
        return state.outcome.exception().wait_s + self._pause(state)


def _attempt(work, what):
    """Return work(), with its failures told apart and freed of addresses."""
    try:
        return work()
    except requests.RequestException as error:
        failure = _judge(error, what)
    raise failure


def _judge(error, what):
    """Return the exception that stands for the RequestException `error`; see Retries.call.

    The text of a RequestException is not used: it may hold an address with a token.
    """
    if isinstance(error, requests.HTTPError):
        return _judge_status(error.response, what)
    if isinstance(error, requests.TooManyRedirects):
        return Broken(f"{what}: the server redirects without end; choose another item")
    if isinstance(error, _Refused):
        return Broken(f"{what}: it leads to {error}")
    if isinstance(error, requests.exceptions.SSLError):
        return _Passing("no safe connection to the server")
    late = error.args and isinstance(error.args[0], urllib3.exceptions.TimeoutError)
    if late or isinstance(error, requests.Timeout):
        return _Passing("the server did not answer in time")
    return _Passing("the connection failed or was cut")


def _judge_status(response, what):
    status = f"the server answered {response.status_code}"
    if response.status_code in PASSING:
        wait_s = retry_after(response)
        if wait_s > LONGEST_WAIT_S:
            return Unavailable(f"{what}: {status} and asks to wait {wait_s:.0f} s; try again later")
        return _Passing(status, wait_s)
    if response.status_code in (401, 403):
        return Unavailable(f"{what}: {status}: it does not let us read this; try again later")
    return Broken(f"{what}: {status}; the file may be gone, look for scenes again")


def retry_after(response):
    """Return for how many seconds a server asks to wait, given as such or as a date; else 0."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, OverflowError):
        return 0.0


def _without_queries(record):
    """Take the queries, which may hold tokens, out of what urllib3 logs of its requests."""
    if isinstance(record.args, tuple):
        record.args = tuple(a.split("?")[0] if isinstance(a, str) else a for a in record.args)
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)

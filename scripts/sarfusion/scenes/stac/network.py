"""HTTP requests: only to allowed addresses, with time limits, and with retries."""

import logging
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

from ...core.errors import StudyError
from .hrefs import check_href

Result = TypeVar("Result")

TRANSIENT_STATUSES = {408, 425, 429, 500, 502, 503, 504}  # a later attempt may succeed
MAX_WAIT_S = 120  # that a server may request; after a longer one, the request fails
POOL_CONNECTIONS = 32  # kept open to one server
TOLD_AFTER = 3  # failed attempts; then the user is told of the wait


class Unavailable(StudyError):
    """The network or a server failed in a way that may pass later."""


class Broken(StudyError):
    """A server does not have what was requested; a later attempt would fail too."""


class _Transient(Exception):
    """A failure worth another attempt; wait_s: the pause that the server requests."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _Refused(requests.exceptions.InvalidURL):
    """An address that check_href refuses; its text is the reason and contains no token."""


class _Adapter(HTTPAdapter):
    """Sends requests only to addresses that check_href allows, with a timeout."""

    def __init__(self, timeout_s: float, offline: bool) -> None:
        super().__init__(pool_maxsize=POOL_CONNECTIONS)
        self._timeout_s, self._offline = timeout_s, offline

    def send(
        self, request: requests.PreparedRequest, *arguments: Any, **options: Any
    ) -> requests.Response:
        href = _allowed(request.url)
        if self._offline:
            raise Unavailable(f"offline: {href} is not here; run once without --offline")
        options["timeout"] = options.get("timeout") or self._timeout_s
        return super().send(request, *arguments, **options)


class _Session(requests.Session):
    """Checks the target of a redirect before it is followed.

    authorization: address -> the Authorization header that its server may be sent, or None. With
    it, no server gets any other, such as one from the user's .netrc. It is asked at each redirect.
    """

    def __init__(self, authorization: Callable[[str], str | None] | None) -> None:
        super().__init__()
        self._authorization = authorization
        if authorization is not None:
            self.auth = self._authorize

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        header = self._authorization and self._authorization(str(request.url))
        if header:
            request.headers["Authorization"] = header
        return request

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        if self._authorization is None:
            super().rebuild_auth(prepared_request, response)
        else:
            self._authorize(prepared_request)

    def get_redirect_target(self, response: requests.Response) -> str | None:
        try:
            target = super().get_redirect_target(response)
            address = target and urljoin(response.url, target)
        except ValueError:
            raise _Refused("an invalid address; choose another item") from None
        if address:
            _allowed(address)
        return target


def _allowed(address: Any) -> str:
    """Return the normal form of an address. Raises _Refused if check_href refuses it."""
    try:
        return check_href(address)
    except StudyError as error:
        raise _Refused(str(error)) from None


def open_session(
    timeout_s: float,
    offline: bool,
    authorization: Callable[[str], str | None] | None = None,
) -> requests.Session:
    """Return a requests.Session for https and, to this machine, http; no other schemes.

    timeout_s: for the connection and for each wait for data. offline: refuse all requests.
    authorization: see _Session.
    """
    session = _Session(authorization)
    session.max_redirects = 5
    for prefix in ("https://", "http://"):
        session.mount(prefix, _Adapter(timeout_s, offline))
    return session


class Retries:
    """A limited number of attempts with growing, random pauses between them.

    delay_s: upper limit of the first pause. It doubles with each pause, up to max_delay_s; a
    server's Retry-After is added. patience_s: attempts also continue until this time has passed; a
    line says so once TOLD_AFTER of them have failed. clock, sleep: for tests.
    """

    def __init__(
        self,
        attempts: int,
        delay_s: float,
        max_delay_s: float,
        patience_s: float = 0.0,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], None] = tenacity.nap.sleep,
    ) -> None:
        self._attempts, self._patience_s = attempts, patience_s
        self._pause = tenacity.wait_random_exponential(delay_s, max_delay_s)
        self._clock, self._sleep = clock, sleep

    def call(self, work: Callable[[], Result], what: str) -> Result:
        """Return work(). what: the address or file, for messages.

        Raises Unavailable if no attempt succeeded, Broken if later attempts would fail too. Other
        StudyErrors of `work` are raised at once.
        """
        started = self._clock()

        def stop(state: Any) -> bool:
            waited = self._clock() - started
            return state.attempt_number >= self._attempts and waited >= self._patience_s

        def tell(state: Any) -> None:
            if self._patience_s and state.attempt_number == TOLD_AFTER:
                logging.warning(
                    "%s: %s; trying again for %.0f minutes (lock --impatient: give up sooner)",
                    what,
                    state.outcome.exception(),
                    self._patience_s / 60,
                )

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Transient),
            stop=stop,
            wait=self._wait,
            before_sleep=tell,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(_attempt, work, what)
        except _Transient as error:
            reason, count = str(error), attempts.statistics["attempt_number"]
        # Raised outside the handler, so that its context contains no address with a token.
        raise Unavailable(f"{what}: {reason} ({count} attempts); try again later")

    def _wait(self, state: Any) -> float:
        return state.outcome.exception().wait_s + self._pause(state)


def _attempt(work: Callable[[], Result], what: str) -> Result:
    """Return work(); its RequestExceptions are replaced by those of _judge, without addresses."""
    try:
        return work()
    except requests.RequestException as error:
        failure = _judge(error, what)
    raise failure


def _judge(error: requests.RequestException, what: str) -> Exception:
    """Return the exception to raise for the RequestException `error`; see Retries.call.

    The text of a RequestException is not used, since it may contain an address with a token.
    """
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _judge_status(error.response, what)
    if isinstance(error, requests.TooManyRedirects):
        return Broken(f"{what}: the server redirects without end; choose another item")
    if isinstance(error, _Refused):
        return Broken(f"{what}: it leads to {error}")
    if isinstance(error, requests.exceptions.SSLError):
        return _Transient("no safe connection to the server")
    late = error.args and isinstance(error.args[0], urllib3.exceptions.TimeoutError)
    if late or isinstance(error, requests.Timeout):
        return _Transient("the server did not answer in time")
    return _Transient("the connection failed or was cut")


def _judge_status(response: requests.Response, what: str) -> Exception:
    status = f"the server answered {response.status_code}"
    if response.status_code in TRANSIENT_STATUSES:
        wait_s = retry_after(response)
        if wait_s > MAX_WAIT_S:
            return Unavailable(f"{what}: {status} and asks to wait {wait_s:.0f} s; try again later")
        return _Transient(status, wait_s)
    if response.status_code in (401, 403):
        return Unavailable(f"{what}: {status}: it does not let us read this; try again later")
    return Broken(f"{what}: {status}; the file may be gone: look for scenes again")


def retry_after(response: requests.Response) -> float:
    """Return the wait in seconds of a Retry-After header (seconds or a date), 0 without."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, OverflowError):
        return 0.0


def _without_queries(record: logging.LogRecord) -> bool:
    """Remove the queries, which may contain tokens, from urllib3's log of requests."""
    if isinstance(record.args, tuple):
        record.args = tuple(a.split("?")[0] if isinstance(a, str) else a for a in record.args)
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)

"""Signing: addresses with the token that a server wants to see, and new tokens."""

import threading
import warnings
from urllib.parse import urlsplit

from .hrefs import shown
from .network import Broken


class Unsigned:
    """Addresses as they are."""

    def sign(self, href):
        """Return the address to ask for."""
        return href

    def renew(self, href, refused):
        """Forget the token in the signed address `refused` of `href`; return whether it can."""
        return False


class PlanetaryComputer:
    """Addresses with the anonymous tokens of Microsoft's Planetary Computer.

    Its package knows which addresses need one and keeps tokens until near their end. They are
    asked for here, because its own request waits for an answer without a limit.

    get: a function from an address to a requests.Response, with retries.
    """

    def __init__(self, get):
        with warnings.catch_warnings():
            # It declares its models in a way that pydantic has left behind.
            warnings.filterwarnings("ignore", "Support for class-based `config`")
            from planetary_computer import sas, settings, utils
        self._sas, self._settings, self._utils = sas, settings, utils
        self._get = get
        self._lock = threading.Lock()  # one request for a token, not one from each thread

    def sign(self, href):
        """Return `href` with a token where it lies in Azure's blob storage."""
        if not urlsplit(href).netloc.endswith(self._sas.BLOB_STORAGE_DOMAIN):
            return href
        url = self._token_url(href)
        with self._lock:
            token = self._sas.TOKEN_CACHE.get(url)
            if token is None or token.ttl() < 60:  # the package's own margin
                token = self._sas.TOKEN_CACHE[url] = self._new_token(url)
        return token.sign(href).href

    def renew(self, href, refused):
        """Forget the token in `refused`, unless another thread has; False: it has none."""
        if href == refused:
            return False
        url = self._token_url(href)
        with self._lock:
            token = self._sas.TOKEN_CACHE.get(url)
            if token and refused == token.sign(href).href:
                del self._sas.TOKEN_CACHE[url]
        return True

    def _token_url(self, href):
        try:
            account, container = self._utils.parse_blob_url(urlsplit(href))
        except ValueError:
            raise Broken(f"{shown(href)}: it names no container; choose another item") from None
        return f"{self._settings.Settings.get().sas_url}/{account}/{container}"

    def _new_token(self, url):
        answer = self._get(url)
        try:
            token = self._sas.SASToken(**answer.json())
            token.ttl()
            return token
        except (ValueError, TypeError):
            pass  # the error may show the answer, and the answer the token
        raise Broken(f"{shown(url)}: the answer is no token; try again later")

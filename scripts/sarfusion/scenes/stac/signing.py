"""Signing: adding the access token of a server to an address, and renewing it."""

import netrc
import os
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests

from ...core.errors import StudyError
from .hrefs import shown
from .network import Broken


class Unsigned:
    """Leaves addresses unchanged."""

    def sign(self, href: str) -> str:
        """Return `href`, which needs no token."""
        return href

    def renew(self, href: str, refused: str) -> bool:
        """Return False: there is no token to renew."""
        return False


class Bearer(Unsigned):
    """Sends a token of the user to the servers that the catalogue's settings name, and no others.

    token: `hosts`, and `variable` (of the environment) or `netrc` (the machine whose password it
    is). The token is read when a server needs it, and is not put into any address.
    """

    def __init__(self, token: Mapping[str, Any]) -> None:
        self._token = token

    def header(self, address: str) -> str | None:
        """Return the Authorization header for a request, None for a host that gets no token.

        Raises StudyError if there is no token, or none that is valid in a header.
        """
        host = (urlsplit(address).hostname or "").lower()
        return f"Bearer {self._value}" if host in self._token["hosts"] else None

    @cached_property
    def _value(self) -> str:
        if "variable" in self._token:
            where = f"the environment variable {self._token['variable']}"
            value = os.environ.get(self._token["variable"], "")
        else:
            where = f"the password of {self._token['netrc']} in .netrc"
            value = _from_netrc(self._token["netrc"])
        if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", value):
            raise StudyError(f"the catalogue needs a token, but {where} contains none")
        return value


def _from_netrc(machine: str) -> str:
    """Return the password of a machine in .netrc (or $NETRC), empty if it has none."""
    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(machine)
    except (OSError, netrc.NetrcParseError):
        return ""
    return found[2] or "" if found else ""


class PlanetaryComputer:
    """Adds the anonymous tokens of Microsoft's Planetary Computer.

    Its package knows which addresses need a token, and caches tokens until shortly before they
    expire. The token is requested here, since the package's own request has no timeout.

    get: address -> requests.Response, with retries.
    """

    def __init__(self, get: Callable[[str], requests.Response]) -> None:
        with warnings.catch_warnings():
            # The package declares its models in a way that pydantic deprecates.
            warnings.filterwarnings("ignore", "Support for class-based `config`")
            from planetary_computer import sas, settings, utils
        self._sas, self._settings, self._utils = sas, settings, utils
        self._get = get
        self._lock = threading.Lock()  # so that threads share one request for a token

    def sign(self, href: str) -> str:
        """Return `href`, with a token if it is in Azure's blob storage."""
        if not urlsplit(href).netloc.endswith(self._sas.BLOB_STORAGE_DOMAIN):
            return href
        url = self._token_url(href)
        with self._lock:
            token = self._sas.TOKEN_CACHE.get(url)
            if token is None or token.ttl() < 60:  # the package's own margin
                token = self._sas.TOKEN_CACHE[url] = self._new_token(url)
        return token.sign(href).href

    def renew(self, href: str, refused: str) -> bool:
        """Discard the token in the signed address `refused`, unless another thread has.

        Returns False if it has no token.
        """
        if href == refused:
            return False
        url = self._token_url(href)
        with self._lock:
            token = self._sas.TOKEN_CACHE.get(url)
            if token and refused == token.sign(href).href:
                del self._sas.TOKEN_CACHE[url]
        return True

    def _token_url(self, href: str) -> str:
        try:
            account, container = self._utils.parse_blob_url(urlsplit(href))
        except ValueError:
            raise Broken(f"{shown(href)}: it names no container; choose another item") from None
        return f"{self._settings.Settings.get().sas_url}/{account}/{container}"

    def _new_token(self, url: str) -> Any:
        answer = self._get(url)
        try:
            token = self._sas.SASToken(**answer.json())
            token.ttl()
            return token
        except (ValueError, TypeError):
            pass  # not chained: the error may show the answer with the token
        raise Broken(f"{shown(url)}: the answer is not a token; try again later")

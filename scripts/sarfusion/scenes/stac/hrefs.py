"""Which addresses may be read; a catalogue may contain any."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ...core.errors import StudyError
from .text import printable

# Blanks, control characters and backslashes, which clients interpret differently.
UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def check_href(
    href: Any,
    *,
    local_root: str | Path | None = None,
    allow_s3: bool = False,
    s3_region: str | None = None,
) -> str:
    """Return `href` in its normal form, without query and fragment, if it may be read.

    https may be read from any host, http from this machine only, s3 if `allow_s3`, and files
    inside `local_root`, the folder of a catalogue on disk (symbolic links are resolved first).
    With `s3_region`, the region of open buckets, s3 is read through https instead, unsigned. Raises
    StudyError for anything else, such as GDAL's virtual files, passwords in an address, and other
    schemes.
    """
    if not isinstance(href, str) or not href:
        raise StudyError(f"an address is missing ({href!r}); choose another item or catalogue")
    scheme = href.partition(":")[0].lower() if ":" in href else ""
    if scheme in ("http", "https", "s3"):
        return _check_remote(href, allow_s3, s3_region)
    if scheme == "file":
        return _check_local(unquote(_parts(href).path), href, local_root)
    if "://" in href:
        raise _refused(href, "only https is read")
    return _check_local(href, href, local_root)


def shown(href: str) -> str:
    """Return `href` for messages: printable, without password and query, at most 300 characters."""
    return printable(re.sub(r"//[^/]*@", "//", re.split(r"[?#]", href)[0]), 300)


def _check_remote(href: str, allow_s3: bool, s3_region: str | None) -> str:
    parts = _parts(href)
    scheme, host, path = parts.scheme.lower(), (parts.hostname or "").lower(), parts.path
    if UNSAFE.search(href):
        raise _refused(href, "it contains a blank, a backslash or a control character")
    if "@" in parts.netloc:
        raise _refused(href, "it contains a user name")
    if scheme == "s3":
        if not allow_s3 and not s3_region:
            raise _refused(href, "s3 is read only if the catalogue has allow_s3: true")
        if not BUCKET.fullmatch(host) or parts.netloc != host or ".." in path.split("/"):
            raise _refused(href, "it is not a bucket and key")
        if s3_region:
            return f"https://{host}.s3.{s3_region}.amazonaws.com{path}"
        return f"s3://{host}{path}"
    if not HOST.fullmatch(host):
        raise _refused(href, "it names no host")
    if scheme == "http" and not _is_loopback(host):
        raise _refused(href, "http is not safe; only https is read")
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}{'' if parts.port is None else f':{parts.port}'}{path}"


def _check_local(name: str, href: str, local_root: str | Path | None) -> str:
    if local_root is None:
        raise _refused(href, "a file on this machine is read only for a catalogue on disk")
    if "\\" in name or not name.isprintable() or name.lower().startswith("/vsi"):
        raise _refused(href, "it is not the plain path of a file")
    root = Path(local_root).resolve()
    path = Path(os.path.realpath(root / name))
    if not path.is_relative_to(root):
        raise _refused(href, f"it is outside the catalogue's folder {root}")
    return str(path)


def _parts(href: str) -> SplitResult:
    """Return the parts of an address. Raises StudyError if it or its port is malformed."""
    try:
        parts = urlsplit(href)
        _ = parts.port  # is parsed, and checked, when it is read
    except ValueError:
        raise _refused(href, "it does not have the form of an address") from None
    if parts.scheme.lower() == "file" and parts.netloc not in ("", "localhost"):
        raise _refused(href, "it names a file on another machine")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(href: str, reason: str) -> StudyError:
    return StudyError(f"{shown(href)}: refused: {reason}; choose another item or catalogue")

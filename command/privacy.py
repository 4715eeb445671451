"""Removal of personal and secret parts from a text, for `reproduce`.

Standard library only, and without newer syntax (see `reproduce`). If it is not clear whether
something is personal, it is removed: a reader can ask for missing parts, but nobody can take back
what was posted.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

REMOVED = "[removed]"
COMMON = ("root", "user", "localhost")  # names that identify nobody, and are ordinary words
SECRET = (
    "token|secret|passw(?:or)?d|passphrase|credential|authorization|cookie"
    "|(?:api|access|private|subscription|account)[_-]?key|signature"
)
SECRET_NAME = re.compile(SECRET, re.I)
MIN_SECRET = 6  # characters of the value of a variable; shorter values occur in other words

# Each pattern with its replacement. Keys with their values come before the shapes of values.
SECRETS = (
    (re.compile(r"-----BEGIN [^-\n]+-----.*?(?:-----END [^-\n]+-----|\Z)", re.S), REMOVED),
    (re.compile(r"(\w+://)[^/\s'\"]*@"), r"\1" + REMOVED + "@"),  # user and password of an address
    (re.compile(r"(\w+://[^\s'\"?]*\?)[^\s'\"]+"), r"\1" + REMOVED),  # a signature, often
    (
        re.compile(
            rf"([\w.-]*(?:{SECRET})[\w.-]*['\"]?[ \t]*[:=][ \t]*)"
            r"(?:(?:bearer|basic)[ \t]+)?(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&]+)",
            re.I,
        ),
        r"\1" + REMOVED,
    ),
    (re.compile(r"\b(bearer|basic)[ \t]+[\w.~+/=-]{6,}", re.I), r"\1 " + REMOVED),
    (re.compile(r"\b(?:gh[a-z]_|github_pat_|glpat-|hf_|xox[a-z]-|sk-|pypi-)[\w-]{10,}"), REMOVED),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"), REMOVED),
    (re.compile(r"\beyJ[\w-]+\.[\w.-]+"), REMOVED),  # a JSON web token
    # Small letters, capitals and digits together; no name of a scene and no checksum has all three.
    (re.compile(r"\b(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])(?=[A-Za-z]*\d)[A-Za-z0-9]{24,}"), REMOVED),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"), "[address]"),
    (re.compile(r"^(host: ).*", re.M), r"\1[host]"),  # in Snakemake's log
)

# A path begins at a slash that follows no name, or at a ~, which replaces a home folder. Its
# folders may contain a space or a bracket, if a slash follows.
_FOLDER = r"(?:[^\s/'\"`:;<>|]+(?: [^\s/'\"`:;<>|]+)*(?=/))"
_LAST = r"[^\s/'\"`:;<>|,()\[\]{}*?=]*"
_START = r"(?:(?<![\w./~])(?:(?:file:)?(?<!:)//+|file:/+|/(?!/))|~[\w.-]*/+)"
PATH = re.compile(rf"{_START}(?:{_FOLDER}/+)*{_LAST}")
# In quotes, or as the whole value of a key in YAML, a name may contain any spaces.
QUOTED = re.compile(r"(['\"])((?:/|~|file:/)[^'\"\n]*)(?=\1)")
VALUE = re.compile(
    r"^([ \t]*(?:- +)*(?:[\w-]+: +)?)((?:file:)?[/~][^\n#'\":;]*?)(?=[ \t]*(?:#|$))", re.M
)
OTHER_HOME = re.compile(r"/(?:home|Users)/[^/\s'\":;,]+")
UPWARD = re.compile(r"(?<![\w./])(?:\.\./)+(?:[^\s/'\"]+/)*")
# The part of a path that shows where an error is, and not where somebody keeps files.
LIBRARY = re.compile(r"/(lib/python3\.\d+/.+)")


def redact(
    text: str,
    folders: Mapping[str, str],
    names: Iterable[str],
    variables: Mapping[str, str],
) -> str:
    """Return a text without secrets, addresses, paths from the root of the disk, and names.

    folders: {absolute path: its replacement}. names: of people and machines; see `names_here`.
    variables: environment variables; values are removed if their names suggest a secret.
    """
    secrets = [value for name, value in variables.items() if SECRET_NAME.search(name)]
    for value in sorted(secrets, key=len, reverse=True):
        if len(value) >= MIN_SECRET:
            text = text.replace(value, REMOVED)
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    for folder in sorted(folders, key=len, reverse=True):
        if len(folder) > 1:
            text = _replace_folder(text, folder, folders[folder])
    text = OTHER_HOME.sub("~", text)
    text = QUOTED.sub(lambda match: match[1] + shorten(match[2]), text)
    text = VALUE.sub(lambda match: match[1] + shorten(match[2]), text)
    text = PATH.sub(lambda match: shorten(match[0]), text)
    text = UPWARD.sub(".../", text)
    for name in sorted(set(names), key=len, reverse=True):
        if name.lower() not in COMMON and len(name) > 1:
            name = re.escape(name)
            text = re.sub(rf"(?<![^\W_]){name}(?![^\W_])", "[name]", text, flags=re.I)
    return text


def _replace_folder(text: str, folder: str, instead: str) -> str:
    """Replace a folder in a text; an empty `instead` makes paths in it relative to it."""
    found = re.escape(folder)
    if not instead:
        text = re.sub(found + "/+(?=[^/])", "", text)
    return re.sub(found + r"(?![\w.-])", instead or ".", text)


def shorten(path: str) -> str:
    """Return a path from the root of the disk, or from a home folder, with only its last part.

    Paths in a library of Python are kept from the library on. If a path has one or two parts and
    the last one has no suffix, this part is removed too: it may be a person's folder.
    """
    in_library = LIBRARY.search(path)
    if in_library:
        return ".../" + in_library[1]
    parts = [part for part in re.sub("^file:", "", path).split("/") if part not in ("", "~")]
    if not parts:
        return path if set(path) <= {"/", "~"} else "..."
    known = len(parts) > 2 or re.search(r"\w\.\w", parts[-1])
    return ".../" + parts[-1] if known else "..."


def names_here() -> list[str]:
    """Return the names of this user and this machine, as far as the system knows them."""
    host = platform.node()
    names = [host, host.split(".")[0]]
    names += [os.environ.get(name, "") for name in ("USER", "LOGNAME", "SUDO_USER", "USERNAME")]
    names += [Path(os.environ.get("HOME", "")).name, _git("user.email")]
    with contextlib.suppress(ImportError, KeyError, OSError):
        names.append(getpass.getuser())
    people = [_git("user.name")]
    with contextlib.suppress(ImportError, KeyError, OSError):
        import pwd

        people.append(pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0])
    for person in people:
        names += [person, *(part for part in person.split() if len(part) > 2)]
    return [name for name in dict.fromkeys(names) if name]


def _git(key: str) -> str:
    """Return a setting of git, "" if there is none."""
    command: Sequence[str] = ["git", "config", "--get", key]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=9)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace").strip()

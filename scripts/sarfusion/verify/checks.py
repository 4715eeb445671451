"""Checks that pass or fail, each reported in a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import StudyError

MAX_MESSAGE = 300  # characters; messages begin with what is wrong


@dataclass(frozen=True)
class Check:
    """The result of a check: its name, whether it passed, and a note or the error.

    made: whether there was anything to compare. A check that was not made is not counted.
    """

    what: str
    passed: bool
    note: str = ""
    made: bool = True


class NothingToCompare(Exception):
    """Raised by a check that finds nothing to compare; the text says why."""


def check(what: str, function: Callable[..., str | None], *arguments: Any) -> Check:
    """Return the Check of function(*arguments), which returns a note or raises an error."""
    try:
        return Check(what, True, function(*arguments) or "")
    except NothingToCompare as reason:
        return Check(what, True, one_line(reason), made=False)
    except (StudyError, OSError, MemoryError) as error:
        return Check(what, False, one_line(error) or type(error).__name__)
    except Exception as error:  # another person's files may raise anything
        return Check(what, False, f"{type(error).__name__}: {one_line(error)}")


def one_line(message: object) -> str:
    """Return a message in one line, shortened, without characters that control a terminal."""
    text = " ".join(str(message).split())[:MAX_MESSAGE]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def as_text(title: str, checks: Sequence[Check]) -> str:
    """Return the table of one step: its title, and one line per check, two if it failed."""
    width = max((len(one_line(check.what)) for check in checks), default=0)
    lines = [title]
    for check in checks:
        what = one_line(check.what)
        if check.passed:
            word = "pass" if check.made else "none"
            lines.append(f"  {word}  {what:{width}}  {check.note}".rstrip())
        else:
            lines += [f"  FAIL  {what}", f"        {check.note}"]
    return "\n".join(lines)


def conclusion(checks: Sequence[Check]) -> str:
    """Return the last line of a verification."""
    made = sum(check.made for check in checks)
    failed = sum(not check.passed for check in checks)
    if failed:
        return f"NOT VERIFIED: {failed} of {made} checks fail"
    return f"Verified: all {made} checks pass"

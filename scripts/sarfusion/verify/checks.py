"""Checks that pass or fail, each a line for people to read."""

from dataclasses import dataclass

from ..core.errors import StudyError

LONGEST = 300  # characters of a message; what is wrong stands at its beginning


@dataclass(frozen=True)
class Check:
    """What was checked, whether it holds, and what is worth saying about it."""

    what: str
    passed: bool
    note: str = ""


def check(what, function, *arguments):
    """Return the Check of function(*arguments), which returns a note or raises what is wrong."""
    try:
        return Check(what, True, function(*arguments) or "")
    except (StudyError, OSError, MemoryError) as error:
        return Check(what, False, one_line(error) or type(error).__name__)
    except Exception as error:  # whatever another person's files make of the code fails them
        return Check(what, False, f"{type(error).__name__}: {one_line(error)}")


def one_line(message):
    """Return a message without line breaks, and without what could take hold of a terminal."""
    text = " ".join(str(message).split())[:LONGEST]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def as_text(title, checks):
    """Return the table of one step: its title, and a line for each check, two where it fails."""
    width = max((len(one_line(check.what)) for check in checks), default=0)
    lines = [title]
    for check in checks:
        what = one_line(check.what)
        if check.passed:
            lines.append(f"  pass  {what:{width}}  {check.note}".rstrip())
        else:
            lines += [f"  FAIL  {what}", f"        {check.note}"]
    return "\n".join(lines)


def conclusion(checks):
    """Return the last line of a verification."""
    failed = sum(not check.passed for check in checks)
    if failed:
        return f"NOT VERIFIED: {failed} of {len(checks)} checks fail"
    return f"Verified: all {len(checks)} checks pass"

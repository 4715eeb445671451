"""Sites that failed, and the notes on them in tables and figures.

missing: {site: {"rule", "log", "reason"}}, as in the setting `missing_sites` of a study.
"""

from collections.abc import Collection, Mapping

Missing = Mapping[str, Mapping[str, str]]


def missing_note(missing: Missing | None, left_out: Collection[str] = ()) -> str:
    """Return the paragraph on missing sites for a table, "" if none is missing.

    left_out: names of the transfers that are not possible without these sites.
    """
    if not missing:
        return ""
    lines = [
        f"- {site}: {about['rule']} failed ({about['reason']}; log: {about['log']})"
        for site, about in missing.items()
    ]
    if left_out:
        lines += ["", f"Transfers not made, since they need these sites: {', '.join(left_out)}."]
    return "\n".join([f"**Without {count(missing)}:**", "", *lines])


def missing_line(missing: Missing | None, most: int = 5) -> str:
    """Return the same in one line for the foot of a figure, without reasons, for `most` sites."""
    if not missing:
        return ""
    names = [f"{site} ({about['rule']})" for site, about in list(missing.items())[:most]]
    more = [f"{len(missing) - most} more"] if len(missing) > most else []
    return f"Without {count(missing)}, which failed: {', '.join([*names, *more])}."


def count(missing: Missing) -> str:
    """Return e.g. "2 sites"."""
    return f"{len(missing)} site{'s' * (len(missing) > 1)}"

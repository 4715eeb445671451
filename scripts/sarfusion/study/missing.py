"""Sites that failed, and how tables and figures say that they lack them."""


def missing_note(missing, left_out=()):
    """Return the paragraph for a table that lacks sites, "" if it lacks none.

    missing: {site: {"rule", "log", "reason"}}, as in a study's `missing_sites`. left_out: names of
    the transfers that could not be made without them.
    """
    if not missing:
        return ""
    lines = [
        f"- {site}: {about['rule']} failed ({about['reason']}; log: {about['log']})"
        for site, about in missing.items()
    ]
    if left_out:
        lines += ["", f"Transfers not made, for want of these sites: {', '.join(left_out)}."]
    return "\n".join([f"**Without {count(missing)}:**", "", *lines])


def missing_line(missing, most=5):
    """Return the same in one line for the foot of a figure: no reasons, and not too many names."""
    if not missing:
        return ""
    names = [f"{site} ({about['rule']})" for site, about in list(missing.items())[:most]]
    more = [f"{len(missing) - most} more"] if len(missing) > most else []
    return f"Without {count(missing)}, which failed: {', '.join([*names, *more])}."


def count(missing):
    """Return e.g. "2 sites"."""
    return f"{len(missing)} site{'s' * (len(missing) > 1)}"

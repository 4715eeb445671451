"""Numbers, tables and lists as text."""

MINUS, TIMES, DASH = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"


def number(value, digits=3):
    """Return a number with so many significant digits, and a real minus sign."""
    return f"{value:.{digits}g}".replace("-", MINUS)


def whole(value):
    """Return a whole number with its thousands set apart."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", MINUS)


def percent(share):
    """Return a share as "12.3 %"; what is there but rounds to nothing as "< 0.1 %"."""
    if 0 < share < 0.0005:
        return "< 0.1\N{NO-BREAK SPACE}%"
    return f"{100 * share:.1f}".removesuffix(".0") + "\N{NO-BREAK SPACE}%"


def listed(words, last="and"):
    """Return "a", "a and b", "a, b and c"."""
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final


def counted(number, one, many=None):
    """Return e.g. "1 site", "3 sites"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def cell(text):
    """Return a cell of a table of tables.py as it is printed: no -0, no nan, a real minus."""
    text = str(text)
    if text in ("nan", "nan ± nan"):
        return DASH
    if text.startswith("-") and not text.strip("-0. ±"):
        text = text[1:]
    return text.replace("-", MINUS) if text[:1] == "-" and text[1:2].isdigit() else text


def table_of(header, rows, left=None, **more):
    """Return a table as the template takes it: `left` of its first columns are names, or all."""
    return {"header": header, "rows": rows, "left": len(header) if left is None else left, **more}


def as_table(frame, left=1):
    """Return a table of texts whose first columns are names."""
    rows = [[cell(text) for text in row] for row in frame.itertuples(index=False, name=None)]
    return table_of([str(name) for name in frame.columns], rows, left)


def grouped(frame):
    """Return a table of texts without columns of one value, in which nothing is said twice.

    Of the columns left of "method", a value stands in the first of its rows alone.
    """
    titles = list(frame.columns)
    places = [name for name in titles[: titles.index("method")] if frame[name].nunique() > 1]
    frame = frame[places + titles[titles.index("method") :]]
    table = as_table(frame, len(places) + 1)
    last = None
    for row in table["rows"]:
        place = row[: len(places)]
        if place == last:
            row[: len(places)] = [""] * len(places)
        last = place
    return table

"""The outcomes of the studies whose results come with the project, for the README."""

from pathlib import Path
from typing import Any

import pandas as pd

from ..core.errors import StudyError
from ..core.files import read_json
from ..scoring.decision import OVERALL
from .readings import verdict_with_reason

BEGIN, END = "<!-- outcomes -->", "<!-- end of outcomes -->"  # lines around the README's table


def outcomes(reference: str | Path) -> pd.DataFrame:
    """Return the overall verdicts: a row for each claim, a column for each study in `reference`.

    The columns are claim, what it says, and the name of each study, with "(simulated)" if its
    scenes are; studies of real scenes come first.
    """
    columns: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    folders = [path.parents[1] for path in Path(reference).glob("*/tables/claims.csv")]
    for folder in sorted(folders, key=lambda path: (_simulated(path), path.name)):
        rows = pd.read_csv(folder / "tables/claims.csv").fillna({"reason": ""})
        records: list[dict[str, Any]] = rows[rows["band"] == OVERALL].to_dict("records")
        name = f"{folder.name} (simulated)" if _simulated(folder) else folder.name
        columns[name] = {row["claim"]: verdict_with_reason(row) for row in records}
        texts |= {row["claim"]: row["text"] for row in records}
    table = pd.DataFrame(columns, index=pd.Index(texts)).fillna("")
    table.insert(0, "what it says", pd.Series(texts))
    return table.rename_axis("claim").reset_index()


def _simulated(folder: Path) -> bool:
    """Return whether any scene of a reference is simulated."""
    return any(read_json(path)["simulated"] for path in folder.glob("scenes/*/scene.json"))


def with_outcomes(page: str, reference: str | Path) -> str:
    """Return the text of a page with the table of outcomes between BEGIN and END.

    Raises StudyError if the page does not have these two lines.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise StudyError(f"README.md: no lines {BEGIN} and {END} to write the outcomes between")
    table = outcomes(reference).to_markdown(index=False, tablefmt="github")
    lines = [" ".join(line.split()) for line in table.splitlines()]
    lines[1] = "|" + " --- |" * (lines[0].count("|") - 1)
    return "\n".join([f"{before}{BEGIN}", "", *lines, "", f"{END}{after}"])

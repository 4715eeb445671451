"""What of a results folder was not made again: named, so that nobody takes it for verified."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from ..core.files import sha256
from ..study.layout import Layout
from ..study.runs import record_path, weights_path
from .checksums import SUMS
from .compared import WEIGHT_SUMS
from .derived import derived_files
from .product import made_pictures

MAX_NAMES = 3  # of a folder, before "and N more"
# Compared with what was made here, or checked for agreement with the other files.
CHECKED = ("metrics/", "fused/", "scenes/", "tables/", "provenance/")
NOT_CHECKED = ("tables/product.",)  # without the models that make the scenes without clouds
CHECKED_FILES = {"config.yaml", SUMS, WEIGHT_SUMS, "about.json"}
ABOUT_A_RUN = ("logs/", "benchmarks/")  # of somebody's machine: nothing rests on them
WHY = {  # why files of a folder, or a file, were not made again
    "figures": "of models that were not sent, or not PNG",
    "models": "weights not sent; training curves and tables follow from these records",
    "paper.pdf": "typeset with the times and the machine of its run; its numbers should be those of"
    " tables/",
    "products": "scenes without clouds: their figure and table are checked where their models were"
    " sent, not their pixels",
    "report.html": "Snakemake packs it, of files that were checked and of figures as PDF",
    "tables": "of models that were not sent",
    "viewer": "its scores are those of the tables, its pixels were not compared",
}
UNKNOWABLE = (
    "Nothing can check what is said of the machine, the user and the time that training took."
)


def unmade_files(
    study: dict[str, Any], folder: Path, available: Set[str], ours: Path | None
) -> list[str]:
    """Return the files of a results folder that were neither made again nor compared.

    available: models (expected.every_model) that were used to make the scores again. ours: results
    of one's own, with whose figures all of theirs were compared, or None; a file of the same bytes
    there was made again.
    """
    made = set(CHECKED_FILES).union(*derived_files(study), *made_pictures(study, folder))
    made |= set(Layout(study, is_whole=True).report_tables())
    for name in available:
        made |= {str(path_of("models", name)) for path_of in (weights_path, record_path)}
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.*"))]
    return [
        name
        for name in names
        if (not name.startswith((*CHECKED, *ABOUT_A_RUN)) or name.startswith(NOT_CHECKED))
        and name not in made
        and Path(folder, name).is_file()
        and not (ours is not None and _is_made_by(ours, folder, name))
    ]


def _is_made_by(ours: Path, folder: Path, name: str) -> bool:
    """Tell whether a file was compared with a figure of one's own, or is the same file there."""
    if name.startswith("figures/") and name.endswith(".png"):
        return True
    return (ours / name).is_file() and sha256(ours / name) == sha256(folder / name)


def sentence_on_unmade(names: list[str]) -> str:
    """Return the names of files in a sentence, folder by folder, and why they were not made."""
    if not names:
        return f"Every file was made again or checked against the others. {UNKNOWABLE}"
    by_folder: dict[str, list[str]] = {}
    for name in names:
        by_folder.setdefault(name.split("/")[0] if "/" in name else name, []).append(name)
    parts = []
    for first, found in by_folder.items():
        shown = ", ".join(name.removeprefix(f"{first}/") for name in found[:MAX_NAMES])
        more = f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else ""
        why = f": {WHY[first]}" if first in WHY else ""
        parts.append((first if found == [first] else f"{first}/ ({shown}{more})") + why)
    return f"Not made again, so take nobody's word for: {'; '.join(parts)}. {UNKNOWABLE}"

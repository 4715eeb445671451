"""List the files of a results folder that were not made again, so that nobody trusts them."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from ..core.files import sha256
from ..study.layout import Layout
from ..study.model_files import record_path, weights_path
from .cells import whole_cell_files
from .checksums import SUMS
from .compared import WEIGHT_SUMS
from .derived import derived_files
from .expected import every_table
from .product import made_pictures

MAX_NAMES = 3  # names listed per folder, before "and N more"
# Compared with what was made here, or checked for agreement with the other files.
CHECKED = ("fused/", "scenes/", "tables/", "provenance/")
NOT_CHECKED = ("tables/product.",)  # unless the models that fill the clouds were sent
CHECKED_FILES = {"config.yaml", SUMS, WEIGHT_SUMS, "about.json"}
ABOUT_A_RUN = ("logs/", "benchmarks/")  # of somebody's machine; no result depends on them
WHY = {  # why files of a folder, or a file, were not made again
    "figures": "drawn with models that were not sent, or not PNG",
    "metrics": "sums over cells of ground of models that were not sent; those of the models sent"
    " were compared, and intervals are in tables that were checked",
    "models": "their weights were not sent; training curves and tables follow from these records",
    "paper.pdf": "typeset with the times and the machine of its run; its numbers should be those of"
    " tables/",
    "products": "cloud-free scenes; if their models were sent, their figure and table are checked,"
    " but not their pixels",
    "report.html": "packed by Snakemake from files that were checked and from figures as PDF",
    "tables": "made with models that were not sent",
    "viewer": "its scores are those in the tables, but its pixels were not compared",
}
UNKNOWABLE = (
    "Nothing can check what is stated about the machine, the user and the time that training took."
)


def unmade_files(
    study: dict[str, Any], folder: Path, available: Set[str], ours: Path | None
) -> list[str]:
    """Return the files of a results folder that were neither made again nor compared.

    available: models (expected.every_model) that were used to make the scores again. ours: one's
    own results or None; all figures were compared with those in `ours`, and a file with the same
    bytes there counts as made again.
    """
    made = set(CHECKED_FILES).union(*derived_files(study), *made_pictures(study, folder))
    made |= set(Layout(study, is_whole=True).report_tables())
    made |= {name for name, *_ in every_table(study)}
    made |= whole_cell_files(study, available)
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
    """Return whether a file was compared with a figure in `ours`, or is the same file there."""
    if name.startswith("figures/") and name.endswith(".png"):
        return True
    return (ours / name).is_file() and sha256(ours / name) == sha256(folder / name)


def sentence_on_unmade(names: list[str]) -> str:
    """Return the names of files in a sentence, folder by folder, and why they were not made."""
    if not names:
        return f"Every file was recomputed or checked against the others. {UNKNOWABLE}"
    by_folder: dict[str, list[str]] = {}
    for name in names:
        by_folder.setdefault(name.split("/")[0] if "/" in name else name, []).append(name)
    parts = []
    for first, found in by_folder.items():
        shown = ", ".join(name.removeprefix(f"{first}/") for name in found[:MAX_NAMES])
        more = f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else ""
        why = f": {WHY[first]}" if first in WHY else ""
        parts.append((first if found == [first] else f"{first}/ ({shown}{more})") + why)
    return f"Not recomputed and therefore not verified: {'; '.join(parts)}. {UNKNOWABLE}"

"""What of a results folder was not made again: named, so that nobody takes it for verified."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from ..study.layout import record_path, weights_path
from .checksums import SUMS
from .compared import WEIGHT_SUMS
from .derived import derived_files

MAX_NAMES = 3  # of a folder, before "and N more"
# Compared with what was made here, or checked for agreement with the other files.
CHECKED = ("metrics/", "fused/", "scenes/", "tables/", "provenance/")
CHECKED_FILES = {"config.yaml", SUMS, WEIGHT_SUMS, "about.json"}
ABOUT_A_RUN = ("logs/", "benchmarks/")  # of somebody's machine: nothing rests on them


def unmade_files(
    study: dict[str, Any], folder: Path, available: Set[str], trained_here: bool
) -> list[str]:
    """Return the files of a results folder that were neither made again nor compared.

    available: models (expected.every_model) that were used to make the scores again.
    trained_here: whether all figures were compared with those of a run of one's own.
    """
    tables, figures = derived_files(study)
    made = {*tables, *figures, *CHECKED_FILES}
    for name in available:
        made |= {str(path_of("models", name)) for path_of in (weights_path, record_path)}
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.*"))]
    return [
        name
        for name in names
        if not name.startswith((*CHECKED, *ABOUT_A_RUN))
        and name not in made
        and not (trained_here and name.startswith("figures/") and name.endswith(".png"))
        and Path(folder, name).is_file()
    ]


def in_words(names: list[str]) -> str:
    """Return the names of files in a sentence, folder by folder."""
    if not names:
        return "Every file was made again or checked against the others."
    by_folder: dict[str, list[str]] = {}
    for name in names:
        by_folder.setdefault(name.split("/")[0] if "/" in name else name, []).append(name)
    parts = []
    for first, found in by_folder.items():
        shown = ", ".join(name.removeprefix(f"{first}/") for name in found[:MAX_NAMES])
        more = f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else ""
        parts.append(first if found == [first] else f"{first}/ ({shown}{more})")
    return f"Not made again, so take nobody's word for: {'; '.join(parts)}."

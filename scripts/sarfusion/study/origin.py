"""Which file the results of a study come from, so that no other study replaces them."""

from collections.abc import Sequence
from pathlib import Path

from ..core.errors import StudyError
from ..core.files import is_file, shown, write_text

RECORDS = Path(".snakemake/studies")  # of this machine; they are not passed on with results


def check_origin(study: str, results: str, files: Sequence[str | Path]) -> None:
    """Raise StudyError if another study file than ours made the results of a study.

    study: name of the study. results: its folder. files: its files, the study file first; none if
    it was given on the command line. A copied or moved study file may continue with its results.
    """
    record = RECORDS / study
    if not files or not is_file(record) or not Path(results).is_dir():
        return
    if Path(results).resolve() in Path(files[0]).resolve().parents:
        return  # the settings in the results themselves
    maker = Path(record.read_text(encoding="utf-8"))
    if is_file(maker) and maker.read_bytes() != Path(files[0]).read_bytes():
        raise StudyError(
            f"{shown(files[0])}: the study {study} in {shown(maker)} made {results}; give this one"
            f" another name (`study: NAME`), or move {results} away"
        )


def note_origin(study: str, files: Sequence[str | Path]) -> None:
    """Note which study file makes the results of a study."""
    if files:
        write_text(RECORDS / study, shown(files[0]))

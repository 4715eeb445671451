"""Tabulate how far results move with threads, instruction sets, devices and seeds.

    python scripts/tabulate_envelope.py STUDY_FILE RESULTS ENVELOPE [KEPT VARIANT ...]

RESULTS: results/STUDY, complete. ENVELOPE: its variants (see sarfusion.verify.envelope.measure).
Writes ENVELOPE/{envelope,weights,tolerances}.csv and envelope.md. KEPT: a folder with such tables.
Their rows are kept but for those of each VARIANT, which are measured.
"""

import sys
from pathlib import Path

import pandas as pd
from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_csv, write_text
from sarfusion.study.config import read_study
from sarfusion.verify import tolerances
from sarfusion.verify.envelope import measure, with_variants
from sarfusion.verify.envelope_text import as_markdown

SAME_DIGITS = {"float_precision": "round_trip"}  # of numbers that are read and written again


def main(study_file, results, folder, kept=None, *variants):
    """Write the tables of the envelope."""
    folder = Path(folder)
    moved, weights = measure(read_study(study_file), Path(results), folder)
    if kept is not None:
        moved, weights = (
            with_variants(pd.read_csv(Path(kept, name), **SAME_DIGITS), measured, variants)
            for name, measured in (("envelope.csv", moved), ("weights.csv", weights))
        )
    write_csv(folder / "envelope.csv", moved)
    write_csv(folder / "weights.csv", weights)
    write_csv(folder / "tolerances.csv", tolerances.from_envelope(moved))
    write_text(folder / "envelope.md", as_markdown(moved, weights))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")

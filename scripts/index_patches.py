"""Index the patches of one site, for every patch size of the study."""

from sarfusion.core.job import run

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sarfusion.core.files import atomic
from sarfusion.core.raster import read_band
from sarfusion.ground.patches import index_patches


def main(
    *,
    split: str | Path,
    patches: str | Path,
    sizes: Sequence[int],
    stride: int,
) -> None:
    """Write the index: row, col, size, split. sizes, stride: of the patches, in pixels."""
    use = read_band(split, "use")
    index = pd.concat([index_patches(use, size, stride) for size in sizes], ignore_index=True)
    with atomic(patches) as temporary:
        index.to_parquet(temporary, index=False)


if __name__ == "__main__":
    run(main, snakemake)

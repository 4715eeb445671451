"""Index the patches of one site, for every patch size of the study."""

import pandas as pd
from sarfusion.core.files import atomic
from sarfusion.core.raster import read_band
from sarfusion.ground.patches import index_patches


def main(*, split, patches, sizes, stride):
    """Write the index: row, col, size, split."""
    use = read_band(split, "use")
    index = pd.concat([index_patches(use, size, stride) for size in sizes], ignore_index=True)
    with atomic(patches) as temporary:
        index.to_parquet(temporary, index=False)


if __name__ == "__main__":
    from sarfusion.core.job import job

    with job(snakemake.log[0]):
        main(
            split=snakemake.input.split,
            patches=snakemake.output.patches,
            sizes=snakemake.params.sizes,
            stride=snakemake.params.stride,
        )

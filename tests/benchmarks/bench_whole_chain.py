"""How long a whole scene takes in one run, from its files to the report; run by hand.

    python tests/benchmarks/bench_whole_chain.py [--size 7600]

A simulated city is tiled to a scene with clouds, whose files are imported as a user's own. A U-Net
with the ratio for each band, and all methods without training, fill simulated gaps; then the
scene's own clouds are filled. Scores, verdicts, figures, viewer and paper follow. Networks are
trained for 20 updates, since an update takes as long in every scene. Sharpening is left out: its
products would have 520 MPix per band and method. Where the processor has instructions for bfloat16,
a second run fuses with such products (fusing.precision). Needs 15 GB of disk.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "benchmarks"), str(TESTS.parent / "scripts")]


def study_of(folder, precision):
    """Return the settings of a study of the scene in `folder`. precision: of fusing."""
    from sarfusion.scenes import landsat, sar
    from sarfusion.scenes.bands import BANDS

    optical = {
        name: {"path": "optical.tif", "band": number}
        for number, name in enumerate((*BANDS, *landsat.QUALITY), 1)
    }
    about = {"sensor": "simulated", "date": None}
    radar = {name: {"path": "sar.tif", "band": number} for number, name in enumerate(sar.BANDS, 1)}
    site = {
        "source": "files",
        "optical": {**optical, "scale": landsat.SCALE, "offset": landsat.OFFSET, **about},
        "sar": {**radar, "unit": "linear", **about},
        "licence": "none",
    }
    return {
        "study": "whole_chain",
        "data": str(folder),
        "sites": {"tiled": site},
        "protocols": {"cloud_gap": {}},
        "models": {
            "unet": {
                "network": "unet",
                "patch_px": 64,
                "batch": 2,
                "options": {"width": 16},
                "uncertainty": True,
            },
        },
        "inputs": ["ratio"],
        "seeds": [1],
        "training": {"updates": 20, "validate_every": 20},
        "fusing": {"precision": precision},
    }


def main(size):
    """Print a table for each precision of fusing."""
    import torch
    from bench_overhead import time_study
    from sarfusion.fusion.precision import BFLOAT16, FLOAT32, multiplies_bfloat16
    from scenes import make_scene

    quick = [BFLOAT16] if multiplies_bfloat16(torch.device("cpu")) else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_scene(folder, size, 30)
        for precision in (FLOAT32, *quick):
            study = folder / f"{precision}.yaml"
            study.write_text(yaml.safe_dump(study_of(folder, precision)))
            time_study(study, f"{size} x {size} px, fused in {precision}")
            print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=7600, help="pixels a side (7600)")
    main(parser.parse_args().size)

"""A made-up run to fill the paper with."""

from pathlib import Path

import numpy as np
import pandas as pd
import typeset_paper
import yaml
from land_cover_data import make_land_cover
from sarfusion.product.score import COLUMNS as PRODUCT_COLUMNS
from sarfusion.scoring import claims as claims_library
from sarfusion.scoring.claims import COLUMNS
from sarfusion.scoring.decision import (
    ALL_SITES,
    CONTRADICTED,
    NOT_SHOWN,
    NOT_TESTED,
    OVERALL,
    REPRODUCED,
)
from sarfusion.scoring.definitions import MIN_SITES
from sarfusion.scoring.differences import Difference
from sarfusion.show.tables import METRIC_COLUMNS, summarise
from sarfusion.study.config import resolve
from sarfusion.study.layout import Layout
from sarfusion.study.protocols import PROTOCOLS
from uncertainty_data import make_uncertainties

ROOT = Path(__file__).parents[1]
CLAIMS = claims_library.load(ROOT / "config/claims.yaml")
REASONS = {
    NOT_TESTED: "the study makes no such comparison",
    NOT_SHOWN: "cannot tell: the interval contains 0",
}
REGIONS = {name: [*protocol.sections] for name, protocol in PROTOCOLS.items()}
DIFFERENCE_COLUMNS = [
    *("study", "site", "protocol", "region", "band", "metric", "left_method", "left_input"),
    *("right_method", "right_input", *Difference._fields, "n"),
]


def make_verdicts(wanted, sites=("here",), seeds=3):
    """The table of verdicts in which every test of claim `name` has the verdict `wanted[name]`."""
    rows = []
    for name, claim in CLAIMS.items():
        told = {"claim": name, **{key: claim[key] for key in ("text", "protocol", "region")}}
        verdict = wanted[name]
        for site in (*sites, *([ALL_SITES] if len(sites) >= MIN_SITES else [])):
            for test in claim["tests"]:
                sides = tested_sides(test)
                for band in claim["bands"]:
                    row = {**told, **test, **sides, "site": site, "band": band}
                    rows.append({**row, **_evidence(test, verdict, seeds), "verdict": verdict})
        rows.append({**told, "site": OVERALL, "band": OVERALL, "verdict": verdict})
    return pd.DataFrame(rows, columns=COLUMNS)


def make_readings(wanted, sites=("here",), seeds=3):
    """The table of readings: reconstruction as wanted, and denoising, always "not shown"."""
    own = {name: claim for name, claim in CLAIMS.items() if "readings" in claim}
    tables = [
        make_verdicts(verdicts, sites, seeds).assign(protocol=protocol)
        for protocol, verdicts in (
            ("reconstruction", wanted),
            ("denoise", dict.fromkeys(CLAIMS, NOT_SHOWN)),
        )
    ]
    table = pd.concat(tables)
    return pd.concat([table[table["claim"] == name] for name in own])


def tested_sides(test):
    """The columns of the table of verdicts that a test of a claim fills."""
    if "within" in test:
        least, most = test["within"]
        left = test["of"].replace("each", "unet")
        return {"left": left, "right": "", "direction": "within", "least": least, "most": most}
    return {side: test[side].replace("each", "unet") for side in ("left", "right")}


def _evidence(test, verdict, seeds):
    """A difference that fits the verdict, with its interval and seeds."""
    if verdict == NOT_TESTED:
        return {"reason": REASONS[verdict]}
    if "within" in test:
        low, high = {REPRODUCED: (0.94, 0.96), CONTRADICTED: (0.85, 0.9)}.get(verdict, (0.9, 0.95))
        reason = "cannot tell: the interval contains 0.93" if verdict == NOT_SHOWN else ""
        return {
            "level": (low + high) / 2,
            "low": low,
            "high": high,
            "seeds": seeds,
            "reason": reason,
        }
    sign = {"lower": -1, "higher": 1}[test["direction"]] * (-1 if verdict == CONTRADICTED else 1)
    low, high = sorted(sign * bound for bound in (0.01, 0.03))
    if verdict == NOT_SHOWN:
        low, high = -0.01, 0.03
    agree = {REPRODUCED: seeds, CONTRADICTED: 0}.get(verdict, 1)
    found = {"difference": (low + high) / 2, "low": low, "high": high}
    return {
        **found,
        "seeds": seeds,
        "agree": agree,
        "smallest": 0.001,
        "reason": REASONS.get(verdict, ""),
    }


def make_differences(low, high, protocol="cloud_gap", others=("none",), sites=("here",)):
    """Rows of compare_methods for RMSE of a U-Net with the ratio, the same in every band."""
    found = ((low + high) / 2, low, high, 0.1, 0.1, 30, 16, 3, 100)
    return [
        dict(zip(DIFFERENCE_COLUMNS, (*place, band, "rmse", *sides, *found), strict=True))
        for place in (("s", site, protocol, REGIONS[protocol][0]) for site in sites)
        for sides in (("unet", "ratio", "unet", other) for other in others)
        for band in ("red", "green", "blue")
    ]


def make_scene(simulated=True, **sar):
    """The content of a scene.json."""
    date = None if simulated else "2024-01-01"
    about = {"sensor": "a sensor", "date": date, "sha256": "0" * 64, "bytes": 12345}
    return {
        "simulated": simulated,
        "optical": about,
        "sar": {**about, **({} if simulated else {"date": "2024-01-04T12:00:00Z"}), **sar},
        "licence": "CC0-1.0",
    }


def make_stack(distance=0.2):
    """The content of a stack/SITE.json."""
    shift = None if distance is None else distance / np.sqrt(2)
    return {
        "grid": {
            "crs": "EPSG:32648",
            "transform": [30.0, 0.0, 600000.0, 0.0, -30.0, 1200000.0],
            "height": 100,
            "width": 100,
            "pixel_m": [30.0, 30.0],
            "north_deg": 0.4,
        },
        "sar": {
            "pixel_m": [10.0, 10.0],
            "looks": {"vv": 9.8, "vh": 10.4, "ratio_speckle_db": 2.01},
        },
        "normalisation": {"ratio_db": {"low": 1.0, "high": 16.0, "mean": 8.0, "std": 3.04}},
        "optical": {"pixels": 10000, "fill": 300, "cloud": 400, "snow": 0, "masked": 700},
        "valid_pixels": 9300,
        "split": {
            "pixels": {"train": 6000, "validation": 900, "test": 1600, "buffer": 800},
        },
        "data_range": {"red": 0.3, "green": 0.25, "blue": 0.2},
        "shift_px": {"rows": shift, "columns": shift, "distance": distance},
        "shift_corrected_px": None,
    }


def make_summary(protocols, runs, sites, seeds):
    """A summary of made-up scores."""
    rng = np.random.default_rng(1)
    rows = [
        ("s", site, protocol, region, band, method, sar_input, seed, metric, rng.uniform(), 99)
        for site in sites
        for protocol in protocols
        for region in REGIONS[protocol]
        for band in ("red", "green", "blue")
        for method, sar_input in runs
        for seed in (seeds if method in ("cnn", "cae", "unet") else [0])
        for metric in ("rmse", "bias", "ssim", "uiqi", "cc")
    ]
    return summarise(pd.DataFrame(rows, columns=METRIC_COLUMNS))


def make_products(sites):
    """The table of the cloud-free images of sites."""
    scores = {
        ("scene", "rgb", "share_filled"): 0.05,
        ("gap", "red", "rmse"): 0.0321,
        ("gap", "red", "coverage_95"): 0.946,
    }
    rows = [
        ("made", site, region, band, "unet", "ratio", metric, value, 9)
        for site in sites
        for (region, band, metric), value in scores.items()
    ]
    return pd.DataFrame(rows, columns=PRODUCT_COLUMNS)


def make_content(
    verdict=REPRODUCED, sites=("here",), simulated=True, seeds=(1, 2), built_up=True, **study
):
    """Keyword arguments of sarfusion.show.paper.content; every claim has this `verdict`."""
    settings = {"study": "made", "seeds": list(seeds)} | study
    settings["sites"] = {site: {"source": "simulated", "built_up": built_up} for site in sites}
    resolved = resolve(yaml.safe_load(yaml.safe_dump(settings)))
    protocols = list(resolved["protocols"])
    runs = [("copy", "none"), ("cnn", "ratio"), ("cnn", "none"), ("unet", "ratio")]
    wanted = verdict if isinstance(verdict, dict) else dict.fromkeys(CLAIMS, verdict)
    models = [
        (protocol, "cnn", sar_input, 62465, 17, 33, 8, 150, 665, 0.03, 1.0)
        for protocol in protocols
        for sar_input in ("ratio", "none")
    ]
    differences = [
        row
        for protocol in protocols
        for row in make_differences(0.001, 0.003, protocol, sites=sites)
    ]
    times = [(*row[:3], "cpu", 5.0, 4.0, 6.0, 6) for row in models]
    columns = ["protocol", "model", "input"]
    return {
        "study": resolved,
        "tables": {
            "summary": make_summary(protocols, runs, sites, seeds),
            "verdicts": make_verdicts(wanted, sites, len(seeds)),
            "readings": make_readings(wanted, sites, len(seeds)),
            "models": pd.DataFrame(
                models,
                columns=[
                    *columns,
                    *("parameters", "receptive_field_px", "patch_px", "batch", "updates"),
                    *("training_patches", "validation_rmse", "converged"),
                ],
            ),
            "times": pd.DataFrame(
                times, columns=[*columns, "device", "mean", "min", "max", "models"]
            ),
            "differences": pd.DataFrame(differences, columns=DIFFERENCE_COLUMNS),
            "products": make_products(sites) if Layout(resolved).products() else pd.DataFrame(),
            "uncertainties": make_uncertainties(sites)
            if "cloud_gap" in protocols
            else pd.DataFrame(columns=typeset_paper.LEVELS),
            "land_cover": make_land_cover(sites)
            if Layout(resolved).land_cover_tables()
            else pd.DataFrame(columns=typeset_paper.COLUMNS),
        },
        "claims": CLAIMS,
        "scenes": {site: make_scene(simulated) for site in sites},
        "stacks": {site: make_stack() for site in sites},
        "shown": list(sites)[:2],
        "figures": [],
        "plates": Layout(resolved).plates(),
        "sums": [("scenes/here/optical.tif", 12345, "0" * 64)],
        "run": {
            "command": "snakemake --cores all",
            "version": "1.2.3",
            "commit": "c0ffee",
            "engine": "9",
            "packages": {"numpy": "2.4.6"},
            "machine": {
                "system": "Linux",
                "processor": "a processor",
                "cores": 2,
                "memory_bytes": 2**34,
            },
        },
    }

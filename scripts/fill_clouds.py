"""Fill the clouds of one site by its best method: the product that a reader takes away."""

from sarfusion.core.job import run

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sarfusion.core.files import read_json, write_json, write_text
from sarfusion.core.memory import keep_freed_memory
from sarfusion.fusion.precision import choose_precision
from sarfusion.fusion.training import choose_device, make_deterministic
from sarfusion.product.bands import MADE
from sarfusion.product.choice import best_method, read_factors
from sarfusion.product.facts import describe, of_models, tags
from sarfusion.product.fill import Scene, fill_scene, load_models, why_nothing_is_filled
from sarfusion.product.style import sources, stretch_of, true_colour
from tqdm import tqdm


def main(
    *,
    optical: str | Path,
    stack: str | Path,
    start: str | Path,
    weights: Sequence[str | Path],
    records: Sequence[str | Path],
    picture: str | Path,
    style: str | Path,
    source_style: str | Path,
    facts: str | Path,
    study: str,
    site: str,
    mask: Sequence[str],
    tile_px: int,
    precision: str,
    device: str,
    threads: int,
    uncertainty: str | Path | None = None,
    domain: str | Path | None = None,
) -> None:
    """Write the product of a site, styles for QGIS, and how it was made (JSON).

    optical, stack, start: rasters; see product.fill.Scene. weights, records: of all networks that
    may fill, in the same order. uncertainty: table with the factors of standard deviations; None
    if no method has an uncertainty. mask: QA_PIXEL flags of the pixels to fill. precision: of the
    products in convolutions, "float32" or "bfloat16". domain: file of check_domain.py if the
    networks are from another study: which study, and where the scene is outside their training
    data; None for networks of this study.
    """
    keep_freed_memory()
    make_deterministic(0, threads)
    method = best_method(map(read_json, records))
    logging.info("filled by %s-%s, RMSE %.4f on validation ground", *method)
    factors = read_factors(uncertainty, method)
    chosen_device = choose_device(device)
    models = load_models(weights, records, method, chosen_device)
    seeds = sorted({model.record["seed"] for of_band in models.values() for model in of_band})
    about = describe(study, site, method, seeds, factors, mask)
    about |= {} if domain is None else of_models(read_json(domain))
    counts = fill_scene(
        Scene(optical, stack, start),
        models,
        factors,
        mask,
        picture,
        tags=tags(about),
        tile_px=tile_px,
        precision=choose_precision(precision, chosen_device, "fusing.precision"),
        device=chosen_device,
        threads=threads,
        progress=partial(tqdm, desc="filling clouds", disable=None, leave=False),
    )
    if not any(counts.get(kind.name.lower()) for kind in MADE):
        logging.warning("warning: site %s: %s", site, why_nothing_is_filled(optical, mask))
    write_text(style, true_colour(*stretch_of(picture)))
    write_text(source_style, sources())
    write_json(facts, about | {"pixels": counts})


if __name__ == "__main__":
    run(main, snakemake)

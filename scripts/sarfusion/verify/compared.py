"""Compare two results folders of one study: tables, rasters, weights and figures."""

from collections.abc import Mapping, Set
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from ..core.files import sha256
from ..study.methods import METHODS
from ..study.model_files import weights_path
from . import scores, tolerances
from .checks import Check, NothingToCompare, check
from .expected import (
    check_whole,
    every_model,
    every_table,
    rests_on,
    score_tables,
    transfer_tables,
)
from .files import plain_file
from .pictures import OTHER_WEIGHTS, SAME_DATA, compare_figures
from .pixels import compare_rasters
from .verdicts import Margins, share_of_margins

WEIGHT_SUMS = "weights.csv"  # of a reference: checksums of all weights; it contains some of these
MAX_WEIGHTS_MB = 1000
MAX_TABLE_MB = 10


def check_tables(
    study: Mapping[str, Any],
    here: str | Path,
    there: str | Path,
    available: Set[str],
    same: Set[str],
    limits: pd.DataFrame,
    margins: Margins | None = None,
) -> list[Check]:
    """Return the checks of all tables of scores, differences, uncertainties and land cover.

    here, there: two results folders. available: names of the models (see expected.every_model)
    whose scores in `there` are made again `here`. same: names of the models with the same weights
    in both; scores of other models may differ as much as those of two seeds. Uncertainties and
    land cover of other models are not compared: they come from all seeds together, and have no
    such spread.
    limits: table of tolerances. margins: the margins of the verdicts (verdicts.margins), which no
    tolerance may reach.
    """
    of_scores = [*score_tables(study), *transfer_tables(study)]
    return [
        check(table[0], _compare_table, study, table, here, there, available, same, limits, margins)
        for table in every_table(study)
        if Path(here, table[0]).exists() or table in of_scores
    ]


def _compare_table(
    study: Mapping[str, Any],
    table: tuple[str, str, str],
    here: str | Path,
    there: str | Path,
    available: Set[str],
    same: Set[str],
    limits: pd.DataFrame,
    margins: Margins | None,
) -> str:
    """Return the note on one table. Only rows that need only available models are compared.

    table: (path in a results folder, site, protocol). Raises NothingToCompare if there is
    no such row.
    """
    name, site, protocol = table
    if not Path(here, name).exists():
        raise StudyError("not made here: files that it needs are missing or unusable; see above")
    form = scores.form_of(name)
    ours, theirs = (scores.read(Path(folder, name), form) for folder in (here, there))
    check_whole(theirs, str(Path(there, name)), study, site, protocol)
    whole = len(theirs)
    # Arrays, since pandas takes an empty list for column names.
    of_all_seeds = form in scores.OF_ALL_SEEDS
    comparable = available & same if of_all_seeds else available
    usable = np.array([models <= comparable for models in rests_on(theirs, name, study)], bool)
    theirs = theirs[usable]
    if of_all_seeds:
        alike = [models <= comparable for models in rests_on(ours, name, study)]
        ours = ours[np.array(alike, bool)]
    if whole and not len(ours) + len(theirs):
        raise NothingToCompare(f"each of its {whole} rows depends on models that are not compared")
    kinds = ["recompute" if models <= same else "retrain" for models in rests_on(ours, name, study)]
    allowed = tolerances.allowed(ours, form, limits, kinds)
    note, rows = scores.compare(ours, theirs, form, allowed), f"{len(theirs)} of {whole} rows"
    ends = 2 if form is scores.SCORES else 1  # both scores of a difference may move
    share = share_of_margins(ours, ends * allowed, margins or {})
    hidden = "" if share is None else f"; tolerance/margin {share:.0e}"
    return f"{note} ({rows}{hidden})"


def check_fused(
    study: Mapping[str, Any],
    here: str | Path,
    there: str | Path,
    same: Set[str],
    limits: pd.DataFrame,
) -> list[Check]:
    """Return the checks of the fused rasters, for each site and protocol of which `there` has any.

    Every raster in `here` must be in `there` too. same, limits: as for check_tables.
    """
    pixel = limits[limits["metric"] == tolerances.PIXEL].set_index("protocol")
    sites = product(study["sites"], study["protocols"])
    folders = [(Path("fused", site, protocol), protocol) for site, protocol in sites]
    folders += [
        (Path("fused", *Path(name).with_suffix("").parts[1:]), protocol)
        for name, _, protocol in transfer_tables(study)
    ]
    checks = []
    for folder, protocol in folders:
        if Path(there, folder).exists():
            allowed = (
                pixel.loc[protocol] if protocol in pixel.index else pixel.max(numeric_only=True)
            )
            checks.append(check(str(folder), _compare_fused, folder, here, there, same, allowed))
    return checks


def _compare_fused(
    folder: Path, here: str | Path, there: str | Path, same: Set[str], allowed: pd.Series
) -> str:
    """Return the note on the rasters of one folder.

    allowed: the tolerances "recompute" and "retrain", in reflectance.
    """
    largest, rasters = 0.0, sorted(Path(here, folder).rglob("*.tif"))
    for path in rasters:
        name = path.relative_to(here)
        *_, trained_at, protocol, band, method, seed = name.with_suffix("").parts
        run = "/".join([trained_at, protocol, band, method, seed.removesuffix(".full")])
        is_learned = method.rsplit("-", 1)[0] not in METHODS
        kind = "retrain" if is_learned and run not in same else "recompute"
        largest = max(largest, compare_rasters(path, Path(there, name), allowed[kind]))
    return f"{len(rasters)} rasters, largest difference {largest:.1e}"


def same_weights(study: Mapping[str, Any], here: str | Path, there: str | Path) -> set[str]:
    """Return the names of the trained models that have the same weights in two folders."""
    sums = [_stated_sums(folder) for folder in (here, there)]
    same = set()
    for name in every_model(study):
        ours, theirs = (
            stated.get(name) or _sum_of(weights_path(Path(folder, "models"), name))
            for stated, folder in zip(sums, (here, there), strict=True)
        )
        if ours is not None and ours == theirs:
            same.add(name)
    return same


def _stated_sums(folder: str | Path) -> dict[str, str]:
    """Return {model: SHA-256} of all weights that a reference lists; {} for a run."""
    path = Path(folder, WEIGHT_SUMS)
    if not path.exists():
        return {}
    try:
        table = pd.read_csv(plain_file(path, MAX_TABLE_MB))
        return dict(zip(table["model"], table["sha256"], strict=True))
    except (StudyError, ValueError, KeyError):  # without the list, no weights count as the same
        return {}


def check_weight_sums(study: Mapping[str, Any], folder: str | Path) -> str:
    """Return a note if a reference's list of weights is complete and matches those it contains."""
    stated, models = _stated_sums(folder), every_model(study)
    odd = sorted(stated.keys() ^ models.keys())
    if odd:
        problem = "no line for" if odd[0] in models else "a line for the unknown model"
        raise StudyError(f"{WEIGHT_SUMS}: {problem} {odd[0]}")
    there = 0
    for name, digest in stated.items():
        found = _sum_of(weights_path(Path(folder, "models"), name))
        if found not in (None, digest):
            raise StudyError(f"{WEIGHT_SUMS}: {name}: the weights have another checksum")
        there += found is not None
    return f"{there} of {len(models)} weights are there, with the stated checksums"


def _sum_of(path: Path) -> str | None:
    """Return the SHA-256 of a file of weights, None if it does not exist."""
    try:
        return sha256(plain_file(path, MAX_WEIGHTS_MB))
    except (StudyError, OSError):
        return None


def check_figures(
    here: str | Path, there: str | Path, same_data: bool, drawn_alike: bool
) -> list[Check]:
    """Return the checks of all figures (PNG) in `here`.

    same_data: whether both folders have the same weights, so that the figures must look the same.
    drawn_alike: see compare_figures; used only if same_data.
    """
    tolerance = SAME_DATA if same_data else OTHER_WEIGHTS
    return [
        check(
            f"figures/{path.name}",
            compare_figures,
            path,
            Path(there, "figures", path.name),
            tolerance,
            same_data and drawn_alike,
        )
        for path in sorted(Path(here, "figures").glob("*.png"))
    ]

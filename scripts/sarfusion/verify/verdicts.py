"""Judge the claims again from the scores that were made here, and compare the verdicts."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import StudyError
from ..scoring import claims as claims_library
from ..scoring.decision import ALPHA, CONTRADICTED, NOT_SHOWN, NOT_TESTED, OVERALL, REPRODUCED
from ..study.layout import Layout
from ..study.schemas import CONFIG
from . import scores
from .files import plain_file

VERDICT = ["claim", "protocol", "site", "band", "metric", "left", "right", "verdict"]
FOUND = ["verdict", "p", "p_opposite"]
PLACE = ["site", "protocol", "region", "metric"]
MAX_TABLE_MB = 10
# A p-value within this factor of ALPHA is on the edge. P-values of the demo trained with AVX-512
# and with AVX2 differ by a factor of 1.9 at most.
EDGE = 3

Margins = Mapping[tuple[str, ...], tuple[float, str]]  # {PLACE: (margin, claim)}


def judge(
    study: Mapping[str, Any], results: str | Path, made: str | Path | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the verdicts (claims.COLUMNS) that follow from the tables in `results`.

    They are the verdicts on the claims, and those on each reading of a claim. made: results in
    which only some models were made again; only rows of `results` that `made` also has are then
    used. P-values are adjusted over the tests that are made, so only verdicts on the same tests
    can be compared. Tests whose models are missing are "not tested". Raises StudyError if there is
    no table.
    """
    layout, of_made = (
        Layout(study, str(folder), is_whole=True) for folder in (results, made or results)
    )

    def tables(paths: Callable[[Layout], Iterable[str]]) -> pd.DataFrame | None:
        found = []
        for path, again in zip(paths(layout), paths(of_made), strict=True):
            if Path(again).exists():
                form = scores.form_of(path)
                table = scores.read(path, form)
                if made is not None:
                    table = table[table.index.isin(scores.read(again, form).index)]
                found.append(table.reset_index())
        return pd.concat(found, ignore_index=True) if found else None

    differences, scored = tables(Layout.difference_tables), tables(Layout.score_tables)
    if differences is None or scored is None:
        raise StudyError("no table of differences could be made here")
    models = Path(made or results, "tables/models.csv")
    claims = claims_library.load(CONFIG / "claims.yaml")
    evidence = (
        *(differences, scored, tables(Layout.uncertainty_tables)),
        pd.read_csv(models) if models.exists() else None,
        layout.dated_inputs,
    )
    return claims_library.judge(claims, *evidence), claims_library.judge_readings(claims, *evidence)


def margins(judged: pd.DataFrame) -> Margins:
    """Return the smallest margin of a verdict, by PLACE, and its claim.

    A verdict may change when the difference or an end of its interval passes 0, or an end passes
    the smallest effect of interest, on either side. Verdicts on levels are not included: a coverage
    has a tolerance of some pixels, and an end of its interval may well be closer than that to the
    claimed range. These verdicts are judged again from the results made here.
    """
    found: dict[tuple[str, ...], tuple[float, str]] = {}
    for row in judged[np.isfinite(judged["difference"].astype(float))].to_dict("records"):
        place = tuple(row[column] for column in PLACE)
        ends = [row["low"], row["high"]]
        limits = [0, row["smallest"], -row["smallest"]]
        margin = min(abs(row["difference"]), *(abs(end - at) for end in ends for at in limits))
        if place not in found or margin < found[place][0]:
            found[place] = margin, row["claim"]
    return found


def share_of_margins(table: pd.DataFrame, allowed: np.ndarray, found: Margins) -> float | None:
    """Return the largest tolerance of a table as a share of the margin of a verdict.

    table: scores.read, of one form; allowed: the tolerance of a difference in each row. None if no
    verdict depends on the table. Raises StudyError if a tolerance could hide another verdict.
    """
    places = table.index.to_frame()[PLACE].itertuples(index=False, name=None)
    shares = []
    for place, tolerance in zip(places, allowed, strict=True):
        if place in found:
            margin, claim = found[place]
            if not tolerance < margin:
                raise StudyError(
                    f"the tolerance {tolerance:.2g} of {place[-1]} could hide another verdict on"
                    f" {claim}, whose margin is {margin:.2g}"
                )
            shares.append(tolerance / margin)
    return max(shares, default=None)


def check_judged(ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Return a note if the verdicts from the scores made here and from those sent are the same.

    ours, theirs: see `judge`; theirs from the rows that were also made here. Tests that the
    available models do not allow are left out. Raises StudyError for the first verdict that
    differs.
    """
    made, sent = (
        _by_key(rows[VERDICT].fillna("").astype(str).to_numpy().tolist()) for rows in (ours, theirs)
    )
    untested = {key[:2] for key, verdict in made.items() if verdict == NOT_TESTED}
    compared = 0
    for key, verdict in made.items():
        if verdict == NOT_TESTED or (OVERALL in key and key[:2] in untested):
            continue
        if sent.get(key) != verdict:
            raise StudyError(
                f"{subject_of_verdict(key)}: {verdict} from the scores made here,"
                f" {sent.get(key, 'nothing')} from those sent"
            )
        compared += 1
    return f"{compared} of {len(made)} were judged again from the scores made here, and agree"


def compare_verdicts(here: str | Path, there: str | Path) -> str:
    """Return a note if the verdicts of two results folders agree, or names those on the edge.

    The folders come from two trainings. Their p-values differ, so that a verdict whose p-value is
    close to the level of the test may come out either way: see `is_on_edge`. Verdicts on a whole
    claim may then differ too. Raises StudyError for the first other verdict that differs.
    """
    ours, theirs = (read_verdicts(Path(folder, "tables/claims.csv")) for folder in (here, there))
    nothing = dict.fromkeys(FOUND, "nothing")
    differ = {
        key: (ours.get(key, nothing), theirs.get(key, nothing))
        for key in ours | theirs
        if ours.get(key, nothing)["verdict"] != theirs.get(key, nothing)["verdict"]
    }
    words = {
        key: f"{subject_of_verdict(key)}: {one['verdict']} here, {other['verdict']} there"
        for key, (one, other) in differ.items()
    }
    edge = {key for key, pair in differ.items() if OVERALL not in key and is_on_edge(*pair)}
    claims = {key[0] for key in edge}
    for key, pair in differ.items():
        follows = OVERALL in key and key[0] in claims and nothing not in pair
        if key not in edge and not follows:
            raise StudyError(words[key])
    count = f"{sum(OVERALL in key for key in ours)} claims, the same verdicts"
    named = [words[key] for key in sorted(edge)]
    return "; ".join([f"{count} except on the edge" if edge else count, *named])


def is_on_edge(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Return whether two rows differ only because their p-values are close to the test's level.

    One verdict is "not shown", and the p-value that the other one depends on is within a factor
    EDGE of ALPHA in both rows.
    """
    sides = {REPRODUCED: "p", CONTRADICTED: "p_opposite"}
    verdicts = {ours["verdict"], theirs["verdict"]}
    shown = verdicts & set(sides)
    if len(shown) != 1 or NOT_SHOWN not in verdicts:
        return False
    values = pd.to_numeric(pd.Series([row[sides[min(shown)]] for row in (ours, theirs)]), "coerce")
    return bool(values.between(ALPHA / EDGE, ALPHA * EDGE).all())


def subject_of_verdict(key: tuple[str, ...]) -> str:
    """Return what a verdict is about: "S3 cloud_gap simcity blue rmse unet-ratio unet-none"."""
    return " ".join(filter(None, key))


def read_verdicts(path: str | Path) -> dict[tuple[str, ...], dict[str, str]]:
    """Return {(claim, protocol, site, band, metric, left, right): {verdict, p, p_opposite}}.

    Raises StudyError if the file is not a table of verdicts.
    """
    columns = [*VERDICT[:-1], *FOUND]
    try:
        table = pd.read_csv(plain_file(path, MAX_TABLE_MB), dtype=str, keep_default_na=False)
        rows = table[columns].to_numpy().tolist()
    except (ValueError, KeyError) as error:
        raise StudyError(f"{path}: not a table of verdicts ({error})") from None
    split = len(VERDICT) - 1
    return {tuple(row[:split]): dict(zip(FOUND, row[split:], strict=True)) for row in rows}


def _by_key(rows: Iterable[list[str]]) -> dict[tuple[str, ...], str]:
    """Return {the rest of a row: its verdict}."""
    return {tuple(key): verdict for *key, verdict in rows}

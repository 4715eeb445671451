"""Sentences on the verdicts: which claims a run reproduces, on what evidence, and what it means.

The paper's fixed text is in paper/paper.typ; functions here return the sentences that depend on
the results. These contain no numbers except those of the run.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from ...scoring.decision import (
    ALL_SITES,
    CANNOT_TELL,
    CONTRADICTED,
    NO_DIFFERENCE,
    NOT_SHOWN,
    NOT_TESTED,
    REPRODUCED,
)
from ...scoring.definitions import WITHIN
from ...scoring.metrics import METRICS
from ...study.comparisons import EACH
from ...study.inputs import REFERENCES, TESTED, input_of
from ...study.methods import METHODS, method_name
from ...study.protocols import PROTOCOLS
from .levels import level_sentences
from .texts import counted, listed
from .wording import method_words, run_words

PAPER_PREFIX = "C"  # names of the paper's claims begin with it (config/claims.yaml)
VERDICTS = {  # verdict -> verb and conjunction of its sentence, in the order of the sentences
    REPRODUCED: ("reproduces", "that"),
    CONTRADICTED: ("contradicts", "that"),
    NOT_SHOWN: ("does not show", "that"),
    NOT_TESTED: ("does not test", "whether"),
}
QUANTITIES = {  # metric -> its name for readers new to it
    "rmse": "the error (RMSE)",
    "rmse_by_distance": "the error (RMSE) far from clear ground minus that near it",
    "rmse_by_age": "the error (RMSE) where the other date is old minus that where it is recent",
    "mae": "the mean absolute error (MAE)",
    "cc": "the correlation with the measured band (CC)",
    "ssim": "the structural similarity (SSIM)",
    "uiqi": "the image quality index (UIQI)",
    "uiqi_textured": "the image quality index on textured ground (UIQI textured)",
    "gradient_cc": "the agreement of edges (gradient CC)",
    "q_af": "the share of edges that is kept (Q AF)",
    "sf_ratio": "the amount of fine detail (SF ratio)",
}
REFLECTANCE = {name for name, metric in METRICS.items() if metric.unit == "reflectance"}
OPPOSITE = {"lower": "higher", "higher": "lower"}
GAP_MEANINGS = {  # by the verdict on a claim that the ratio lowers the error inside gaps
    REPRODUCED: "Inside cloud gaps, the ratio is useful on this ground: it gives the networks"
    " information on the hidden surface that its surroundings do not contain.",
    CONTRADICTED: "Inside cloud gaps, the ratio is not a reliable help: in at least one band and"
    " comparison it raises the error.",
    NOT_SHOWN: "It is not shown that the ratio helps inside cloud gaps: in at least one band and"
    " comparison, the difference is too small or too uncertain.",
    NOT_TESTED: "This run cannot say whether the ratio helps inside cloud gaps.",
}

Verdicts = Mapping[str, tuple[str, str]]  # {name of a claim: (its text, verdict)}
Claims = Mapping[str, Mapping[str, Any]]  # as scoring.claims.load returns them
TestRow = Mapping[str, Any]  # a row of the table of verdicts


def clause(text: str) -> str:
    """Return the text of a claim as a clause that fits into a sentence."""
    text = text.strip().rstrip(".").replace("; ", " and ")
    first, rest = text[0], text[1:]
    return (first if text.split()[0].isupper() else first.lower()) + rest


def verdict_sentences(verdicts: Verdicts) -> list[str]:
    """Return a sentence for each verdict that occurs; the paper's claims come first."""
    groups = [
        ("Of the paper's claims", [name for name in verdicts if name.startswith(PAPER_PREFIX)]),
        (
            "Of the study's own claims",
            [name for name in verdicts if not name.startswith(PAPER_PREFIX)],
        ),
    ]
    sentences = []
    for opening, names in groups:
        subject = f"{opening}, the run"
        for verdict, (verb, conjunction) in VERDICTS.items():
            clauses = [
                f"{conjunction} {clause(verdicts[name][0])} ({name})"
                for name in names
                if verdicts[name][1] == verdict
            ]
            if clauses:
                sentences.append(f"{subject} {verb} {listed(clauses)}.")
                subject = "It"
    return sentences


def evidence_sentences(rows: Sequence[TestRow], needs: str) -> list[str]:
    """Return sentences on the results of a claim's tests.

    rows: the claim's rows of the table of verdicts, without the overall one. needs: whether "all"
    or "any" of the bands must fulfil the claim. Tests of one network against methods without
    training share sentences.
    """
    several_sites = len({row["site"] for row in rows}) > 1
    kinds = _grouped(rows, lambda row: (row["metric"], row["left"], _opponent(row)))
    sentences = []
    for tests in kinds.values():
        single = [row for row in tests if row["site"] != ALL_SITES]
        pooled = [row for row in tests if row["site"] == ALL_SITES]
        if tests[0]["direction"] == WITHIN:
            sentences += level_sentences(single, pooled)
            continue
        sentences += _over_bands(pooled, "Over all sites, in ")
        if several_sites:
            sentences += map(_over_sites, _grouped(single, lambda row: row["right"]).values())
        else:
            sentences += _over_bands(single)
    if needs == "any" and len({row["band"] for row in rows}) > 1:
        sentences.append("One band is enough for this claim.")
    return sentences


def _grouped(
    rows: Iterable[TestRow], key: Callable[[TestRow], Hashable]
) -> dict[Any, list[TestRow]]:
    """Return {key: its rows}, keys and rows in the order of the rows."""
    groups: dict[Any, list[TestRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _opponent(row: TestRow) -> str:
    """Return the right side of a test, "" for every method without training or for a level."""
    run = row["right"]
    is_run = isinstance(run, str)
    return run if is_run and run.rpartition("-")[0] not in METHODS else ""


def _kind(row: TestRow) -> tuple[int, str]:
    """Return the place of the sentence on a row among all, and which of _EVIDENCE it is."""
    is_small = row["verdict"] == NOT_SHOWN and row["reason"] == NO_DIFFERENCE
    return [*VERDICTS].index(row["verdict"]), NO_DIFFERENCE if is_small else row["verdict"]


def _over_bands(rows: Sequence[TestRow], opening: str = "In ") -> list[str]:
    """Return a sentence for each verdict in rows at one site, or over sites.

    rows: of tests of one metric and left side. Right sides with the same verdict in the same bands
    share a sentence.
    """
    outcomes: dict[tuple[int, str, tuple[str, ...]], list[TestRow]] = {}
    for (order, kind, _), chosen in _grouped(rows, lambda row: (*_kind(row), row["right"])).items():
        bands = tuple(row["band"] for row in chosen)
        outcomes.setdefault((order, kind, bands), []).extend(chosen)
    return [
        _EVIDENCE[kind](f"{opening}{listed([*bands])}", chosen)
        for (_, kind, bands), chosen in sorted(outcomes.items(), key=lambda item: item[0][:2])
    ]


def _reproduced(bands: str, rows: Sequence[TestRow]) -> str:
    return f"{bands}, {_relation(rows)}, by {_size_range(rows)}."


def _contradicted(bands: str, rows: Sequence[TestRow]) -> str:
    opposite = _relation(rows, OPPOSITE)
    return f"{bands}, {opposite}, by {_size_range(rows)}: the opposite of what is claimed."


def _not_shown(bands: str, rows: Sequence[TestRow]) -> str:
    reasons = dict.fromkeys(row["reason"].removeprefix(f"{CANNOT_TELL}: ") for row in rows)
    return f"{bands}, it remains open whether {_relation(rows)}: {listed([*reasons], 'or')}."


def _no_difference(bands: str, rows: Sequence[TestRow]) -> str:
    quantity = QUANTITIES.get(rows[0]["metric"], f"the metric {rows[0]['metric']}")
    return (
        f"{bands}, {quantity} differs between {run_words(rows[0]['left'])} and {_right(rows)} by"
        " less than the smallest effect of interest."
    )


def _not_tested(bands: str, rows: Sequence[TestRow]) -> str:
    reasons = listed(list(dict.fromkeys(row["reason"] for row in rows)))
    return f"{bands}, {run_words(rows[0]['left'])} is not compared with {_right(rows)} ({reasons})."


_EVIDENCE: dict[str, Callable[[str, Sequence[TestRow]], str]] = {
    REPRODUCED: _reproduced,
    CONTRADICTED: _contradicted,
    NOT_SHOWN: _not_shown,
    NO_DIFFERENCE: _no_difference,
    NOT_TESTED: _not_tested,
}


def _over_sites(rows: Sequence[TestRow]) -> str:
    """Return a sentence that counts the verdicts of one test over sites and bands."""
    count = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    sites, bands = (len({row[name] for row in rows}) for name in ("site", "band"))
    cases = f"{counted(sites, 'site')} and {counted(bands, 'band')}"
    if count[NOT_TESTED] == len(rows):
        left = run_words(rows[0]["left"])
        return f"{left[0].upper()}{left[1:]} is not compared with {_right(rows)} at any of {cases}."
    others = [
        f"{words} in {count[verdict]}"
        for verdict, words in (
            (CONTRADICTED, "the opposite is true"),
            (NOT_SHOWN, "it is not shown"),
            (NOT_TESTED, "it is not tested"),
        )
        if count[verdict]
    ]
    reproduced = f"In {count[REPRODUCED]} of {len(rows)} cases ({cases}), {_relation(rows)}"
    return f"{'; '.join([reproduced, *others])}."


def _relation(rows: Sequence[TestRow], directions: Mapping[str, str] | None = None) -> str:
    """Return e.g. "the error (RMSE) is lower for the CAE with the ratio than for ...".

    directions: words to use instead of the claimed direction, such as OPPOSITE.
    """
    metric, direction = rows[0]["metric"], rows[0]["direction"]
    quantity = QUANTITIES.get(metric, f"the metric {metric}")
    claimed = directions[direction] if directions else direction
    return f"{quantity} is {claimed} for {_comparison(rows)}"


def _right(rows: Sequence[TestRow]) -> str:
    """Return e.g. "the CNN with the ratio", or "the methods Mean and NSPI" for several."""
    runs = list(dict.fromkeys(row["right"] for row in rows))
    if len(runs) == 1:
        return run_words(runs[0])
    return f"the methods {listed([method_name(run.rpartition('-')[0]) for run in runs])}"


def _comparison(rows: Sequence[TestRow]) -> str:
    """Return e.g. "the CAE than for the CNN (both with the ratio)"."""
    row = rows[0]
    left, right = (row[side].rpartition("-")[::2] for side in ("left", "right"))
    if left[0] == right[0] != "":
        return f"{run_words(row['left'])} than {input_of(right[1]).phrase}"
    if left[1] == right[1] and not {left[0], right[0]} & METHODS.keys():
        names = " than for ".join(method_words(side[0]) for side in (left, right))
        return f"{names} (both {input_of(left[1]).phrase})"
    return f"{run_words(row['left'])} than for {_right(rows)}"


def _size_range(rows: Sequence[TestRow]) -> str:
    """Return e.g. "0.0172 to 0.0189 in reflectance": the range of differences without sign."""
    metric = rows[0]["metric"]
    digits = 4 if metric in REFLECTANCE else 3
    sizes = sorted(abs(row["difference"]) for row in rows)
    ends = dict.fromkeys(f"{size:.{digits}f}" for size in (sizes[0], sizes[-1]))
    return " to ".join(ends) + (" in reflectance" if metric in REFLECTANCE else "")


def gap_meaning(verdicts: Verdicts, claims: Claims) -> str:
    """Return what the verdict on the ratio inside cloud gaps means, "" without such a claim."""
    for name, (_, verdict) in verdicts.items():
        if _is_about_gaps(claims[name]):
            return GAP_MEANINGS[verdict]
    return ""


def _is_about_gaps(claim: Mapping[str, Any]) -> bool:
    """Return whether a claim is: the ratio lowers RMSE in gaps, against no SAR and a control."""
    tests, against = claim["tests"], {f"{EACH}-{other}" for other in REFERENCES}
    return (
        PROTOCOLS[claim["protocol"]].withholds
        and claim["needs"] == "all"
        and all(WITHIN not in test for test in tests)
        and all((test["metric"], test["direction"]) == ("rmse", "lower") for test in tests)
        and {test["left"] for test in tests} == {f"{EACH}-{TESTED}"}
        and f"{EACH}-none" in {test["right"] for test in tests} <= against
        and len(tests) > 1
    )


def copying_note(verdicts: Verdicts, claims: Claims, baselines: Sequence[str]) -> str:
    """Return what it means that copying solves the paper's task, "" if no such claim was tested.

    baselines: the study's methods without training; without "copy" among them, the result is "".
    """
    names = [
        name
        for name, (_, verdict) in verdicts.items()
        if PROTOCOLS[claims[name]["protocol"]].is_copying and verdict != NOT_TESTED
    ]
    if not names or "copy" not in baselines:
        return ""
    return (
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} about returning a band that was"
        " given. Copying it would be perfect, so these scores show which network damages the"
        " band less, not what fusion adds."
    )

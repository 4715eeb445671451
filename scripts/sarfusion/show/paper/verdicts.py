"""Sentences on the verdicts: which claims a run reproduces, on what evidence, and what it means.

The paper's fixed text is in paper/paper.typ; functions here return the sentences that depend on
the results. These contain no numbers except those of the run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...scoring.claims import NOT_REPRODUCED, NOT_TESTED, REPRODUCED, SEED_DEPENDENT
from ...study.comparisons import EACH
from ...study.inputs import INPUTS, REFERENCES, TESTED
from ...study.methods import METHODS
from ...study.protocols import PROTOCOLS
from .texts import counted, listed
from .wording import method_words, run_words

PAPER_PREFIX = "C"  # names of the paper's claims begin with it (config/claims.yaml)
VERDICTS = {  # verdict -> verb and conjunction of its sentence, in the order of the sentences
    REPRODUCED: ("reproduces", "that"),
    NOT_REPRODUCED: ("does not reproduce", "that"),
    SEED_DEPENDENT: ("leaves open", "whether"),
    NOT_TESTED: ("does not test", "whether"),
}
QUANTITIES = {  # metric -> its name for readers new to it
    "rmse": "the error (RMSE)",
    "mae": "the mean absolute error (MAE)",
    "cc": "the correlation with the measured band (CC)",
    "ssim": "the structural similarity (SSIM)",
    "uiqi": "the image quality index (UIQI)",
    "uiqi_textured": "the image quality index on textured ground (UIQI textured)",
    "gradient_cc": "the agreement of edges (gradient CC)",
    "q_af": "the share of edges that is kept (Q AF)",
    "sf_ratio": "the amount of fine detail (SF ratio)",
}
REFLECTANCE = {"rmse", "mae"}  # metrics in units of reflectance
OPPOSITE = {"lower": "higher", "higher": "lower"}
GAP_MEANINGS = {  # by the verdict on a claim that the ratio lowers the error inside gaps
    REPRODUCED: "Inside cloud gaps the ratio is worth something on this ground: it tells the"
    " networks about the hidden surface what its surroundings do not.",
    NOT_REPRODUCED: "Inside cloud gaps the ratio is no help to rely on: in at least one band and"
    " comparison it raised the error in every seed.",
    SEED_DEPENDENT: "Whether the ratio helps inside cloud gaps stays open: with other seeds, or on"
    " other test ground, the difference may turn round.",
    NOT_TESTED: "Whether the ratio helps inside cloud gaps this run cannot say.",
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
    or "any" of the bands must fulfil the claim.
    """
    tests: dict[tuple[str, str, str], list[TestRow]] = {}
    for row in rows:
        tests.setdefault((row["metric"], row["left"], row["right"]), []).append(row)
    several_sites = len({row["site"] for row in rows}) > 1
    sentences = [
        sentence
        for test in tests.values()
        for sentence in (_over_sites(test) if several_sites else _over_bands(test))
    ]
    if needs == "any" and len({row["band"] for row in rows}) > 1:
        sentences.append("One band is enough for this claim.")
    return sentences


def _over_bands(rows: Sequence[TestRow]) -> list[str]:
    """Return a sentence for each verdict in the rows of one test at one site."""
    sentences = []
    for verdict in VERDICTS:
        chosen = [row for row in rows if row["verdict"] == verdict]
        if chosen:
            bands = f"In {listed([row['band'] for row in chosen])}"
            sentences.append(_EVIDENCE[verdict](bands, chosen))
    return sentences


def _reproduced(bands: str, rows: Sequence[TestRow]) -> str:
    return f"{bands}, {_relation(rows[0])}, by {_size_range(rows)}."


def _not_reproduced(bands: str, rows: Sequence[TestRow]) -> str:
    opposite = _relation(rows[0], OPPOSITE)
    return f"{bands}, {opposite}, by {_size_range(rows)}: the opposite of what is claimed."


def _seed_dependent(bands: str, rows: Sequence[TestRow]) -> str:
    reasons = listed(list(dict.fromkeys(row["reason"] for row in rows)), "or")
    return f"{bands}, it cannot be told whether {_relation(rows[0])}: {reasons}."


def _not_tested(bands: str, rows: Sequence[TestRow]) -> str:
    left, right = (run_words(rows[0][side]) for side in ("left", "right"))
    reasons = listed(list(dict.fromkeys(row["reason"] for row in rows)))
    return f"{bands}, {left} is not judged against {right} ({reasons})."


_EVIDENCE: dict[str, Callable[[str, Sequence[TestRow]], str]] = {
    REPRODUCED: _reproduced,
    NOT_REPRODUCED: _not_reproduced,
    SEED_DEPENDENT: _seed_dependent,
    NOT_TESTED: _not_tested,
}


def _over_sites(rows: Sequence[TestRow]) -> list[str]:
    """Return a sentence that counts the verdicts of one test over sites and bands."""
    count = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    sites, bands = (len({row[name] for row in rows}) for name in ("site", "band"))
    cases = f"{counted(sites, 'site')} and {counted(bands, 'band')}"
    if count[NOT_TESTED] == len(rows):
        left, right = (run_words(rows[0][side]) for side in ("left", "right"))
        return [f"At {cases}, {left} is judged against {right} nowhere."]
    others = [
        f"{words} in {count[verdict]}"
        for verdict, words in (
            (NOT_REPRODUCED, "the opposite holds"),
            (SEED_DEPENDENT, "it is open"),
            (NOT_TESTED, "it is not tested"),
        )
        if count[verdict]
    ]
    reproduced = f"Of {len(rows)} cases ({cases}), {_relation(rows[0])} in {count[REPRODUCED]}"
    return [f"{'; '.join([reproduced, *others])}."]


def _relation(row: TestRow, directions: Mapping[str, str] | None = None) -> str:
    """Return e.g. "the error (RMSE) is lower for the CAE with the ratio than for ...".

    directions: words in place of the claimed direction, such as OPPOSITE.
    """
    direction = directions[row["direction"]] if directions else row["direction"]
    quantity = QUANTITIES.get(row["metric"], f"the metric {row['metric']}")
    return f"{quantity} is {direction} for {_comparison(row)}"


def _comparison(row: TestRow) -> str:
    """Return e.g. "the CAE than for the CNN (both with the ratio)"."""
    left, right = (row[side].rsplit("-", 1) for side in ("left", "right"))
    if left[0] == right[0]:
        return f"{run_words(row['left'])} than {INPUTS[right[1]].phrase}"
    if left[1] == right[1] and not {left[0], right[0]} & METHODS.keys():
        names = " than for ".join(method_words(side[0]) for side in (left, right))
        return f"{names} (both {INPUTS[left[1]].phrase})"
    return f"{run_words(row['left'])} than for {run_words(row['right'])}"


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
    """Return whether a claim says that the ratio lowers RMSE inside gaps against all REFERENCES."""
    tests = claim["tests"]
    return (
        PROTOCOLS[claim["protocol"]].withholds
        and claim["needs"] == "all"
        and all((test["metric"], test["direction"]) == ("rmse", "lower") for test in tests)
        and {test["left"] for test in tests} == {f"{EACH}-{TESTED}"}
        and {test["right"] for test in tests} == {f"{EACH}-{other}" for other in REFERENCES}
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
        " given. Copying it would be perfect, so that such scores tell which network damages the"
        " band less, and not what fusion gains."
    )

"""From verdicts and scores to sentences: what they allow one to say, and no more.

The paper's text stands in paper/paper.typ; here is only what changes with the results. Functions
take the tables of a run and return plain text. No number stands in these sentences but those of
the run.
"""

from ...scoring.claims import NOT_REPRODUCED, NOT_TESTED, REPRODUCED, SEED_DEPENDENT
from ...study.comparisons import EACH
from ...study.figures import FIGURES
from ...study.inputs import INPUTS, REFERENCES, TESTED
from ...study.methods import METHODS, method_name
from ...study.protocols import HEADLINE, PROTOCOLS
from .sites import FEW_SITES
from .texts import counted, listed

PAPER = "C"  # what the names of the paper's claims begin with (config/claims.yaml)
VERDICTS = {  # verdict -> what the run does with such claims, in the order of telling
    REPRODUCED: ("reproduces", "that"),
    NOT_REPRODUCED: ("does not reproduce", "that"),
    SEED_DEPENDENT: ("leaves open", "whether"),
    NOT_TESTED: ("does not test", "whether"),
}
QUANTITIES = {  # metric -> its name for a newcomer
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
REFLECTANCE = {"rmse", "mae"}  # metrics with a unit
OPPOSITE = {"lower": "higher", "higher": "lower"}
MEANINGS = {  # of a claim that the ratio lowers the error inside gaps
    REPRODUCED: "Inside cloud gaps the ratio is worth something on this ground: it tells the"
    " networks about the hidden surface what its surroundings do not.",
    NOT_REPRODUCED: "Inside cloud gaps the ratio is no help to rely on: in at least one band and"
    " comparison it raised the error in every seed.",
    SEED_DEPENDENT: "Whether the ratio helps inside cloud gaps stays open: with other seeds, or on"
    " other test ground, the difference may turn round.",
    NOT_TESTED: "Whether the ratio helps inside cloud gaps this run cannot say.",
}


def clause(text):
    """Return a claim's text as a clause, for a sentence to embed."""
    text = text.strip().rstrip(".").replace("; ", " and ")
    first, rest = text[0], text[1:]
    return (first if text.split()[0].isupper() else first.lower()) + rest


def place_words(scenes):
    """Return e.g. "the simulated city simcity", "the sites a and b", "12 sites".

    scenes: {site: content of its scene.json}.
    """
    made = sum(bool(scene.get("simulated")) for scene in scenes.values())
    if len(scenes) == 1:
        (site,) = scenes
        return f"the simulated city {site}" if made else f"the site {site}"
    kind = "" if not made else "simulated " if made == len(scenes) else "partly simulated "
    if len(scenes) <= FEW_SITES:
        return f"the {kind}sites {listed(list(scenes))}"
    return f"{len(scenes)} {kind}sites"


def question(protocols, numbers):
    """Return what the study asks, e.g. "whether a network can fill what clouds hide".

    numbers: texts by name, for the sizes of pixels.
    """
    asked = [
        f"whether it can {PROTOCOLS[protocol].question.format(**numbers)}" for protocol in protocols
    ]
    return listed(asked).replace("whether it", "whether a network", 1)


def protocol_texts(protocol, numbers):
    """Return the name of a protocol, its task and how to read its scores, as Typst markup.

    numbers: texts by name.
    """
    about = PROTOCOLS[protocol]
    texts = {"title": about.title, "task": about.task, "reading": about.reading}
    return {name: text.format(**numbers) for name, text in texts.items()}


def plate_caption(kind, protocol, site, numbers):
    """Return the caption of a figure of a protocol, as Typst markup; site: "" if it is of all."""
    title = PROTOCOLS[protocol].title
    # A string in code, since the underscore of a name would be markup.
    return FIGURES[kind].plate.format(**{**numbers, "title": title, "site": f'#"{site}"'})


def verdict_sentences(claims):
    """Return one sentence for each verdict that was given, the paper's claims first.

    claims: {name: (text, verdict)}.
    """
    groups = [
        ("Of the paper's claims", [name for name in claims if name.startswith(PAPER)]),
        ("Of the study's own claims", [name for name in claims if not name.startswith(PAPER)]),
    ]
    sentences = []
    for opening, names in groups:
        subject = f"{opening}, the run"
        for verdict, (verb, conjunction) in VERDICTS.items():
            told = [
                f"{conjunction} {clause(claims[name][0])} ({name})"
                for name in names
                if claims[name][1] == verdict
            ]
            if told:
                sentences.append(f"{subject} {verb} {listed(told)}.")
                subject = "It"
    return sentences


def found(rows, needs):
    """Return sentences on what a claim's tests found.

    rows: the claim's rows of the table of verdicts (dictionaries), the overall one left out.
    needs: "all" or "any" of the bands.
    """
    tests: dict[tuple, list[dict]] = {}
    for row in rows:
        tests.setdefault((row["metric"], row["left"], row["right"]), []).append(row)
    several = len({row["site"] for row in rows}) > 1
    sentences = [
        sentence
        for test in tests.values()
        for sentence in (_over_sites(test) if several else _over_bands(test))
    ]
    if needs == "any" and len({row["band"] for row in rows}) > 1:
        sentences.append("One band is enough for this claim.")
    return sentences


def _over_bands(rows):
    """Return a sentence for each verdict among the rows of one test at one site."""
    sentences = []
    for verdict in VERDICTS:
        chosen = [row for row in rows if row["verdict"] == verdict]
        if chosen:
            bands = f"In {listed([row['band'] for row in chosen])}"
            sentences.append(_SENTENCES[verdict](bands, chosen))
    return sentences


def _holds(bands, rows):
    return f"{bands}, {_relation(rows[0])}, by {_span(rows)}."


def _fails(bands, rows):
    opposite = _relation(rows[0], OPPOSITE)
    return f"{bands}, {opposite}, by {_span(rows)}: the opposite of what is claimed."


def _open(bands, rows):
    reasons = listed(list(dict.fromkeys(row["reason"] for row in rows)), "or")
    return f"{bands}, it cannot be told whether {_relation(rows[0])}: {reasons}."


def _untested(bands, rows):
    left, right = (run_words(rows[0][side]) for side in ("left", "right"))
    reasons = listed(list(dict.fromkeys(row["reason"] for row in rows)))
    return f"{bands}, {left} is not judged against {right} ({reasons})."


_SENTENCES = {
    REPRODUCED: _holds,
    NOT_REPRODUCED: _fails,
    SEED_DEPENDENT: _open,
    NOT_TESTED: _untested,
}


def _over_sites(rows):
    """Return a sentence that counts the verdicts of one test over sites and bands."""
    count = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    sites, bands = (len({row[name] for row in rows}) for name in ("site", "band"))
    cases = f"{counted(sites, 'site')} and {counted(bands, 'band')}"
    if count[NOT_TESTED] == len(rows):
        left, right = (run_words(rows[0][side]) for side in ("left", "right"))
        return [f"At {cases}, {left} is judged against {right} nowhere."]
    rest = [
        f"{words} in {count[verdict]}"
        for verdict, words in (
            (NOT_REPRODUCED, "the opposite holds"),
            (SEED_DEPENDENT, "it is open"),
            (NOT_TESTED, "it is not tested"),
        )
        if count[verdict]
    ]
    holds = f"Of {len(rows)} cases ({cases}), {_relation(rows[0])} in {count[REPRODUCED]}"
    return [f"{'; '.join([holds, *rest])}."]


def _relation(row, turn=None):
    """Return e.g. "the error (RMSE) is lower for the CAE with the ratio than for ..."."""
    direction = turn[row["direction"]] if turn else row["direction"]
    quantity = QUANTITIES.get(row["metric"], f"the metric {row['metric']}")
    return f"{quantity} is {direction} for {_against(row)}"


def _against(row):
    """Return e.g. "the CAE than for the CNN (both with the ratio)"."""
    left, right = (row[side].rsplit("-", 1) for side in ("left", "right"))
    if left[0] == right[0]:
        return f"{run_words(row['left'])} than {INPUTS[right[1]].phrase}"
    if left[1] == right[1] and not {left[0], right[0]} & METHODS.keys():
        names = " than for ".join(_name(side[0]) for side in (left, right))
        return f"{names} (both {INPUTS[left[1]].phrase})"
    return f"{run_words(row['left'])} than for {run_words(row['right'])}"


def _name(method):
    return "every network" if method == EACH else f"the {method_name(method)}"


def _span(rows):
    """Return e.g. "0.0172 to 0.0189 in reflectance", the differences without their sign."""
    metric = rows[0]["metric"]
    digits = 4 if metric in REFLECTANCE else 3
    sizes = sorted(abs(row["difference"]) for row in rows)
    texts = dict.fromkeys(f"{size:.{digits}f}" for size in (sizes[0], sizes[-1]))
    return " to ".join(texts) + (" in reflectance" if metric in REFLECTANCE else "")


def run_words(run):
    """Return e.g. "the CNN with the ratio" for "cnn-ratio"."""
    method, sar_input = run.rsplit("-", 1)
    if method in METHODS:
        return f"the method {method_name(method)}"
    return f"{_name(method)} {INPUTS[sar_input].phrase}"


def worth(differences, protocol):
    """Return sentences on what the ratio changes in the error of each network in a protocol.

    differences: the rows of compare_methods, as dictionaries. A band (at a site) counts as lower
    or higher only where the interval leaves out zero.
    """
    pairs: dict[str, dict[str, list]] = {}
    for row in differences:
        ours = row["protocol"] == protocol and row["region"] == HEADLINE[protocol]
        same = row["left_method"] == row["right_method"] and row["left_input"] == TESTED
        if ours and same and row["metric"] == "rmse":
            networks = pairs.setdefault(row["right_input"], {})
            networks.setdefault(row["left_method"], []).append(row)
    return [
        f"{PROTOCOLS[protocol].where}, against the same network {INPUTS[other].phrase}, the ratio"
        f" makes the error {listed([_changed(name, rows) for name, rows in networks.items()])}."
        for other, networks in pairs.items()
    ]


def _changed(method, rows):
    """Return e.g. "lower in 2 and higher in 1 of 3 bands for the U-Net"."""
    several = len({row["site"] for row in rows}) > 1
    of = counted(len(rows), *(("case", "cases (sites and bands)") if several else ("band",)))
    lower, higher = sum(row["high"] < 0 for row in rows), sum(row["low"] > 0 for row in rows)
    network = f"for the {method_name(method)}"
    if not lower + higher:
        return f"neither surely lower nor surely higher in any of {of} {network}"
    ways = [f"{word} in {n}" for word, n in (("lower", lower), ("higher", higher)) if n]
    return f"{listed(ways)} of {of} {network}"


def best(summary, protocol):
    """Return a sentence on the lowest error, mean over bands, of networks and other methods.

    summary: the table of means over seeds (see sarfusion.show.tables). Copy is left out: where the
    target is what was given, it is perfect and tells nothing.
    """
    chosen = summary[
        (summary["protocol"] == protocol)
        & (summary["region"] == HEADLINE[protocol])
        & (summary["metric"] == "rmse")
        & (summary["method"] != "copy")
    ].dropna(subset=["mean"])
    means = chosen.groupby(["method", "input"], sort=False)["mean"].mean()
    parts = []
    for kind, classical in (("networks", False), ("methods without training", True)):
        errors = {run: mean for run, mean in means.items() if (run[0] in METHODS) == classical}
        if errors:
            run = min(errors, key=errors.__getitem__)
            name = method_name(run[0]) if classical else run_words("-".join(run))
            parts.append(f"among {kind}, {name} has the lowest error (RMSE {errors[run]:.4f})")
    if not parts:
        return ""
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}, mean over bands."


def meaning(claims, tests):
    """Return what the verdict on the ratio inside cloud gaps means, "" where nothing is claimed.

    claims: {name: (text, verdict)}; tests: {name: claim} of scoring.claims.load.
    """
    for name, (_, verdict) in claims.items():
        if _is_on_worth(tests[name]):
            return MEANINGS[verdict]
    return ""


def _is_on_worth(claim):
    """Whether a claim says that the ratio lowers the error inside gaps, for all it is held to."""
    tests = claim["tests"]
    return (
        PROTOCOLS[claim["protocol"]].withholds
        and claim["needs"] == "all"
        and all((test["metric"], test["direction"]) == ("rmse", "lower") for test in tests)
        and {test["left"] for test in tests} == {f"{EACH}-{TESTED}"}
        and {test["right"] for test in tests} == {f"{EACH}-{other}" for other in REFERENCES}
    )


def copying(claims, tests, baselines):
    """Return what it means that the paper's task is solved by copying, "" where it was not run.

    claims: {name: (text, verdict)}; tests: {name: claim}; baselines: methods without training.
    """
    names = [
        name
        for name, (_, verdict) in claims.items()
        if PROTOCOLS[tests[name]["protocol"]].is_copying and verdict != NOT_TESTED
    ]
    if not names or "copy" not in baselines:
        return ""
    return (
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} about returning a band that was"
        " given. Copying it would be perfect, so that such scores tell which network damages the"
        " band less, and not what fusion gains."
    )

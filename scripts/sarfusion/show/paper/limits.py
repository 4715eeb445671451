"""Sentences on what a study cannot say."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...scoring.decision import NOT_TESTED
from ...study.protocols import PROTOCOLS
from ..pixels import coarse_sar_note
from .sites import named, simulated_sites
from .texts import listed

LARGE_SHIFT = 1  # pixels


def limits(
    study: Mapping[str, Any],
    scenes: Mapping[str, Mapping[str, Any]],
    stacks: Mapping[str, Mapping[str, Any]],
    verdicts: Mapping[str, tuple[str, str]],
) -> list[str]:
    """Return texts of one or two sentences, each on a limit of the study.

    study: its settings; scenes, stacks: {site: content of its scene.json, of its stack/SITE.json};
    verdicts: {name of a claim: (text, verdict)}.
    """
    return [text for text in _limits(study, scenes, stacks, verdicts) if text]


def _limits(
    study: Mapping[str, Any],
    scenes: Mapping[str, Mapping[str, Any]],
    stacks: Mapping[str, Mapping[str, Any]],
    verdicts: Mapping[str, tuple[str, str]],
) -> Iterator[str]:
    """Yield the texts of `limits`, and "" where a protocol has none."""
    simulated = simulated_sites(scenes)
    if simulated:
        whose = "" if len(simulated) == len(scenes) else f" of {named(simulated)}"
        yield (
            f"The scenes{whose} are simulated. What was found holds for the rules that"
            " made them: radar and reflectance go together as a program lets them, and no verdict"
            " says anything about a real city or a real satellite."
        )
    yield (
        "Of the paper only the abstract was at hand. Its scenes, network sizes and training are"
        " not known, so that a claim that is not reproduced here is not refuted: it did not hold"
        " for these scenes, networks and settings. No number of the paper could be compared."
    )
    if study["missing_sites"]:
        yield (
            f"Of {named(study['missing_sites'])}, which the study names too, this run has no"
            " results. What failed there may have to do with the place, so that the rest is not"
            " like the whole."
        )
    if len(scenes) == 1:
        yield (
            "One place was studied. The intervals come from resampling its test ground; another"
            " city may differ by more than they are wide."
        )
    else:
        yield f"The {len(scenes)} places that were studied are no random sample of all cities."
    seeds = len(study["seeds"])
    if seeds == 1:
        yield (
            "Each network was trained from one seed, so that the scores say nothing of how far"
            " they move from training to training, and no claim can be judged."
        )
    else:
        yield (
            f"Each network was trained from {seeds} seeds. The intervals allow for how little so"
            " few say of others, and are wide for it."
        )
    yield (
        f"Every network had {study['training']['updates']} updates of its weights. Longer training,"
        " or another network, may change who wins."
    )
    for name in study["protocols"]:
        yield PROTOCOLS[name].limits
        if len(simulated) < len(scenes):
            yield PROTOCOLS[name].limits_of_real_places
        if PROTOCOLS[name].full_scale:
            yield coarse_sar_note(stacks)
    undated = [
        site
        for site, scene in scenes.items()
        if not scene.get("simulated") and not (scene["optical"]["date"] and scene["sar"]["date"])
    ]
    if undated:
        yield (
            f"The dates of the scenes of {named(undated)} are not all known; what changed on the"
            " ground between them would count as error."
        )
    unmeasured = [site for site, stack in stacks.items() if stack["shift_px"]["distance"] is None]
    if unmeasured:
        yield (
            "The shift between radar and optical scene could not be measured at"
            f" {named(unmeasured)}."
        )
    shifted = [
        site for site, stack in stacks.items() if (stack["shift_px"]["distance"] or 0) > LARGE_SHIFT
    ]
    if shifted:
        yield (
            f"At {named(shifted)} radar and optical scene lie more than a pixel apart, which alone"
            " makes the ratio worth less."
        )
    untested = [name for name, (_, verdict) in verdicts.items() if verdict == NOT_TESTED]
    if untested:
        yield (
            f"{listed(untested)} {'was' if len(untested) == 1 else 'were'} not tested, for the"
            " reasons that stand beside the verdicts."
        )
    yield (
        "The tests of a claim are corrected for their number; that there are several claims is not,"
        " nor is what tables show beside them."
    )

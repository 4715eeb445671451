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
    """Yield the texts of `limits`, and "" for a protocol that has none."""
    simulated = simulated_sites(scenes)
    if simulated:
        whose = "" if len(simulated) == len(scenes) else f" of {named(simulated)}"
        yield (
            f"The scenes{whose} are simulated. The findings are valid for the rules by which they"
            " were made: the program decides how radar and reflectance are related, and no verdict"
            " says anything about a real city or a real satellite."
        )
    yield (
        "Only the abstract of the paper was available. Its scenes, network sizes and training are"
        " not known, so that a claim that is not reproduced here is not refuted: the verdict is on"
        " these scenes, networks and settings only. No number of the paper could be compared."
    )
    if study["missing_sites"]:
        yield (
            f"This run has no results for {named(study['missing_sites'])}, which the study names"
            " too. The failure there may be related to the place, so that the other sites are not"
            " representative of all."
        )
    if len(scenes) == 1:
        yield (
            "One place was studied. The intervals come from resampling its test ground; another"
            " city may differ by more than they are wide."
        )
    else:
        yield f"The {len(scenes)} places that were studied are not a random sample of all cities."
    seeds = len(study["seeds"])
    if seeds == 1:
        yield (
            "Each network was trained from one seed, so that the scores do not show how much they"
            " vary between trainings, and no claim can be judged."
        )
    else:
        yield (
            f"Each network was trained from {seeds} seeds. The intervals allow for so few seeds,"
            " and are therefore wide."
        )
    yield (
        f"Every network had {study['training']['updates']} updates of its weights. Longer training,"
        " or another network, may change which method is better."
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
            f"Not all dates of the scenes of {named(undated)} are known; changes on the ground"
            " between them would count as errors."
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
            f"At {named(shifted)}, radar and optical scene are shifted by more than a pixel, which"
            " by itself makes the ratio less useful."
        )
    untested = [name for name, (_, verdict) in verdicts.items() if verdict == NOT_TESTED]
    if untested:
        yield (
            f"{listed(untested)} {'was' if len(untested) == 1 else 'were'} not tested, for the"
            " reasons given beside the verdicts."
        )
    yield (
        "The tests of a claim are corrected for their number. There is no correction for the number"
        " of claims, nor for other comparisons in the tables."
    )

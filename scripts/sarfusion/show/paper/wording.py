"""Words for runs and protocols in the sentences of the paper."""

from collections.abc import Mapping, Sequence

from ...study.comparisons import BEST, EACH, UNTRAINED
from ...study.figures import FIGURES
from ...study.inputs import input_of
from ...study.methods import METHODS, method_name
from ...study.protocols import PROTOCOLS
from .texts import listed


def method_words(method: str) -> str:
    """Return e.g. "the CNN" for "cnn"."""
    return "every network" if method == EACH else f"the {method_name(method)}"


def run_words(run: str) -> str:
    """Return e.g. "the CNN with the ratio" for "cnn-ratio"."""
    if run in (BEST, UNTRAINED):
        return {BEST: "the best network", UNTRAINED: "every method without training"}[run]
    method, sar_input = run.rsplit("-", 1)
    if method in METHODS:
        return f"the method {method_name(method)}"
    return f"{method_words(method)} {input_of(sar_input).phrase}"


def question(protocols: Sequence[str], numbers: Mapping[str, str]) -> str:
    """Return the question of the study, e.g. "whether a network can fill what clouds hide".

    numbers: texts by name, such as the sizes of pixels.
    """
    questions = [
        f"whether it can {PROTOCOLS[protocol].question.format(**numbers)}" for protocol in protocols
    ]
    return listed(questions).replace("whether it", "whether a network", 1)


def protocol_texts(protocol: str, numbers: Mapping[str, str]) -> dict[str, str]:
    """Return the title of a protocol, its task and how to read its scores, as Typst markup.

    numbers: texts by name.
    """
    about = PROTOCOLS[protocol]
    texts = {"title": about.title, "task": about.task, "reading": about.reading}
    return {name: text.format(**numbers) for name, text in texts.items()}


def plate_caption(kind: str, protocol: str, site: str, numbers: Mapping[str, str]) -> str:
    """Return the caption of a figure of a protocol, as Typst markup.

    site: "" for a figure of all sites.
    """
    title = PROTOCOLS[protocol].title
    # The site is a string in Typst code: in markup, underscores in its name would mean emphasis.
    return FIGURES[kind].plate.format(**{**numbers, "title": title, "site": f'#"{site}"'})

"""Compare a scene with what the networks that will fill its clouds were trained on."""

from sarfusion.core.job import run

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_json
from sarfusion.fusion.domain import domain_of, misfits


def main(
    *,
    description: str | Path,
    metadata: str | Path,
    records: Sequence[str | Path],
    domain: str | Path,
    site: str,
    preparation: Mapping[str, Sequence[Any]],
    trained_by: Mapping[str, str],
    anyway: bool,
) -> None:
    """Write the domain of the scene, and in words where it is outside that of the networks.

    description, metadata: stack/SITE.json and scene.json of the scene. records: of the networks.
    preparation: see fusion.domain.Domain. trained_by: study and site of the networks. Raises
    StudyError if the scene is outside, unless `anyway` is true.
    """
    described = read_json(description)
    scene = domain_of(
        [read_json(metadata)],
        [described["grid"]["pixel_m"]],
        described["percentiles"],
        {name: list(values) for name, values in preparation.items()},
    )
    trained = [read_json(path)["domain"] for path in records]
    outside = list(dict.fromkeys(problem for each in trained for problem in misfits(scene, each)))
    if outside:
        message = (
            f"site {site} is unlike the training data of the models of {trained_by['study']}"
            f" ({trained_by['site']}): {'; '.join(outside)}"
        )
        if not anyway:
            raise StudyError(f"{message}; --anyway fills it all the same")
        logging.warning("warning: %s", message)
    write_json(domain, {"trained_by": dict(trained_by), "scene": scene, "outside": outside})


if __name__ == "__main__":
    run(main, snakemake)

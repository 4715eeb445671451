"""Write the STAC catalogue of the cloud-free images of a study."""

from sarfusion.core.job import run

from collections.abc import Mapping, Sequence
from pathlib import Path

from sarfusion.core.files import read_json
from sarfusion.product.catalogue import item_of, write_catalogue
from sarfusion.provenance import facts as provenance


def main(
    *,
    pictures: Sequence[str | Path],
    styles: Sequence[str | Path],
    source_styles: Sequence[str | Path],
    facts: Sequence[str | Path],
    metadata: Sequence[str | Path],
    catalogue: str | Path,
    entries: Sequence[str | Path],
    study: str,
    sites: Sequence[str],
    catalogue_urls: Mapping[str, str],
) -> None:
    """Write the catalogue and its items.

    pictures, styles, source_styles, facts: files of the products. metadata: scene.json files.
    entries: files of the items to write. Each has one path per site, in the order of `sites`.
    catalogue_urls: {site: address of the STAC API of its scenes}.
    """
    software = {"sarfusion": provenance.commit() or "unknown"}
    scenes = [read_json(scene) for scene in metadata]
    written = {
        path: item_of(
            site,
            picture,
            {"style": style, "source_style": source_style},
            facts=read_json(about),
            scene=scene,
            software=software,
            catalogue_url=catalogue_urls.get(site),
        )
        for path, site, picture, style, source_style, about, scene in zip(
            entries, sites, pictures, styles, source_styles, facts, scenes, strict=True
        )
    }
    write_catalogue(catalogue, study, written, [scene["optical"]["sensor"] for scene in scenes])


if __name__ == "__main__":
    run(main, snakemake)

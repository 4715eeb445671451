"""Forges the results of the tiny study: their lists and checksums are updated to match."""

import json
import shutil

import pandas as pd
from sarfusion.core.files import sha256, write_json
from sarfusion.verify import tolerances
from sarfusion.verify.checksums import check_sums

STUDY = "tests/studies/tiny.yaml"
LIMITS = pd.DataFrame(
    [("reconstruction", "test", "rmse", 1e-6, 0.05, 10, 2)], columns=tolerances.COLUMNS
)


def sum_up(folder):
    """Update the checksums of a reference, including those of new files."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [path.relative_to(folder).as_posix() for path in files if path.name != "SHA256SUMS"]
    (folder / "SHA256SUMS").write_text(
        "".join(f"{sha256(folder / name)}  {name}\n" for name in names)
    )
    assert check_sums(folder, "tiny")


def list_again(folder, **changes):
    """Update the list of files of a run and its crate. changes: {column: (path, value)}.

    Both then say what the forger wants, and agree with each other and with every file.
    """
    listed = folder / "provenance/files.csv"
    table = pd.read_csv(listed, dtype=str, keep_default_na=False).set_index("path")
    for name in table.index[table.index.str.startswith("results/tiny/")]:
        path = folder / name.removeprefix("results/tiny/")
        table.loc[name, ["bytes", "sha256"]] = str(path.stat().st_size), sha256(path)
    for column, (name, value) in changes.items():
        table.loc[name, column] = value
    table.reset_index().to_csv(listed, index=False)
    metadata = folder / "provenance/ro-crate-metadata.json"
    content = json.loads(metadata.read_text())
    for entity in content["@graph"]:
        path = folder / "provenance" / entity.get("name", "")
        if "File" in entity["@type"]:
            if (folder / entity["name"]).is_file():
                shutil.copy(folder / entity["name"], path)
            entity |= {"contentSize": str(path.stat().st_size), "sha256": sha256(path)}
        elif entity.get("name") in table.index and "sha256" in entity:
            row = table.loc[entity["name"]]
            entity |= {"contentSize": row["bytes"], "sha256": row["sha256"]}
    write_json(metadata, content)
    assert check_sums(folder, "tiny")

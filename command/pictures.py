"""Make the pictures of README and docs from two studies' results: python3 command/pictures.py

A headless browser takes the picture of the viewer. Standard library only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import ROOT, Problem, say

PLACE, DEMO = Path("results/porto_velho"), Path("results/demo")
FIGURES = {
    "docs/porto_velho.png": PLACE / "figures/porto_velho_reconstruction_composites.png",
    "docs/porto_velho_filled.png": PLACE / "figures/porto_velho_cloud_gap_filled.png",
}
VIEWER = DEMO / "viewer/index.html"
# Gaps in test ground, beside the values that a model with SAR filled in; here the page has every
# pixel, since an error is large.
VIEW = "left=gapped&right=cloud_gap/unet-ratio&at=130,178,38"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars
    --disable-background-networking --disable-component-update --disable-sync
    --window-size=1400,900 --virtual-time-budget=20000
"""


def main() -> None:
    """Write the pictures in docs/; raise Problem if something is missing."""
    missing = [path for path in [*FIGURES.values(), VIEWER] if not (ROOT / path).exists()]
    if missing:
        raise Problem(f"no {missing[0]}; first: ./reproduce {missing[0].parts[1]}")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise Problem(f"no browser ({', '.join(BROWSERS)}); Debian: apt install chromium")
    for picture, figure in FIGURES.items():
        shutil.copyfile(str(ROOT / figure), str(ROOT / picture))
        print(picture)
    take_picture(browser, ROOT / VIEWER, ROOT / "docs/viewer.png")
    print("docs/viewer.png")


def take_picture(browser: str, page: Path, picture: Path) -> None:
    """Write a screenshot of a page of the viewer to `picture`."""
    with tempfile.TemporaryDirectory() as folder:
        taken = Path(folder, "picture.png")
        done = subprocess.run(
            [
                *(browser, *FLAGS.split(), f"--user-data-dir={folder}/profile"),
                *(f"--screenshot={taken}", f"{page.as_uri()}#{VIEW}"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode or not taken.exists():
            raise Problem(f"{browser} took no picture of {page}: {done.stdout.strip()[-500:]}")
        shutil.move(str(taken), str(picture))


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        say(f"pictures: {problem}")
        sys.exit(problem.code)

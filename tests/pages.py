"""The pages of the documentation, and the parts of them that tests check."""

import os
import re
import shlex
import subprocess
from itertools import chain
from pathlib import Path

from sarfusion.study.inputs import CONTROLS
from sarfusion.study.protocols import PROTOCOLS

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def page_name(page):
    """The name of a page in the names of tests."""
    return str(page.relative_to(ROOT))


def blocks(page, language):
    """The fenced blocks of a page in one language."""
    return [text for found, text in FENCE.findall(page.read_text()) if found == language]


def prose(page):
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text())


def spans(page):
    """The texts of a page that are marked as `code`."""
    return SPAN.findall(prose(page))


def links(page):
    """The targets of a page's links within the project."""
    return [link for link in LINK.findall(prose(page)) if "://" not in link]


def commands(page):
    """The commands of a page, as lists of words: indented lines and spans, without comments.

    Variables that are set for a command are left out.
    """
    whole = re.sub(r" \\\n +", " ", prose(page))  # a line that ends in \ continues on the next
    indented = re.findall(r"^ {4}(?:[A-Z_]+=(?:\"[^\"]*\"|\S+) +)*(\S.*)$", whole, re.M)
    lines = chain(indented, (span for span in spans(page) if span.startswith("./")))
    return [shlex.split(line, comments=True) for line in lines]


def lines_on_screen(page, width=100):
    """The number of lines of a page on a screen that is `width` columns wide."""
    return sum(max(1, -(-len(line) // width)) for line in page.read_text().splitlines())


def apply_diff(page, folder):
    """Apply the diffs that a page shows to a copy of the project; return them as one."""
    diff = "".join(blocks(page, "diff"))
    apart = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    subprocess.run(["git", "apply", "-"], cwd=folder, env=apart, input=diff, text=True, check=True)
    return diff


def added(diff):
    """{file: lines} that a diff adds; it must remove nothing."""
    found, name = {}, None
    for line in diff.splitlines():
        if line.startswith("+++ "):
            name = line.removeprefix("+++ b/")
        elif line.startswith("+"):
            found.setdefault(name, []).append(line[1:])
        assert not line.startswith("-") or line.startswith("--- "), line
    return found


def rows(page):
    """The cells of the tables of a page, row by row, including the headers."""
    lines = re.findall(r"^\| (?!---).*$", page.read_text(), re.M)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def pattern(name):
    """A regular expression for the files that a name in a page on results stands for."""
    words = {
        "SITE": r"[a-z]+",
        "PROTOCOL": f"({'|'.join(PROTOCOLS)})",
        "BAND": "(red|green|blue)",
        "MODEL": "(cnn|cae|unet)",
        "METHOD": "[a-z_]+",
        "INPUT": "[a-z_]+",
        "CONTROL": f"({'|'.join(CONTROLS)})",
        "SEED": r"\d",
        "RULE": "[a-z_0-9]+",
        "DATE": r"\d{4}-\d{2}-\d{2}",
        "…": r"[\w./-]+",
        "*": r"[^/]+",
    }
    parts = re.split("(" + "|".join(map(re.escape, words)) + ")", name)
    text = "".join(words.get(part, re.escape(part)) for part in parts)
    return re.compile(text + (".+" if name.endswith("/") else ""))

"""YAML and JSON files that people write: read strictly, and with the line of each entry.

If a key is repeated, a YAML parser silently takes the last one. YAML 1.1 also reads some texts as
something else: `no` as false, 010 as 8, 12:30 as 750. Both are refused here.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from .errors import Keys, SettingError, StudyError
from .files import read_text, shown

MAX_DEPTH = 50  # of mappings and lists inside each other
MAX_ENTRIES = 1_000_000  # keys and values, with everything that aliases repeat
LONGEST_NUMBER = 310  # digits; no floating-point number has more before its point

# The types of YAML that are not text, and their plain spellings.
SPELLINGS = {
    "tag:yaml.org,2002:bool": r"(?i:true|false)",
    "tag:yaml.org,2002:int": r"[-+]?(0|[1-9][0-9]*)",
    "tag:yaml.org,2002:float": r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?",
}
TEXTS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")  # a merge key is <<


@dataclass(frozen=True)
class Document:
    """What a YAML or JSON file contains. root: its YAML node, None for JSON."""

    path: Path
    content: Any
    root: yaml.Node | None

    def find(self, keys: Keys) -> tuple[int, str]:
        """Return how many of the keys lead to an entry, and its place, such as "x.yaml, line 3"."""
        place, node = shown(self.path), self.root
        for depth, key in enumerate(keys):
            entry = _entry(node, key)
            if entry is None:
                return depth, place
            start, node = entry
            place = f"{shown(self.path)}, line {_line(start)}"
        return len(keys), place


def place_of(keys: Keys, documents: Sequence[Document]) -> str | None:
    """Return the file and line of a setting, in the last of the documents that has it.

    If none has it, this is the place of the innermost entry that would contain it. None if there
    is no such place. The place of the top level is the first document, the study's own file.
    """
    if not keys and documents:
        return shown(documents[0].path)
    found = [document.find(keys) for document in reversed(documents)]
    depth, place = max(found, key=lambda at: at[0], default=(0, None))
    return place if depth else None


def value_at(content: Any, keys: Keys) -> Any:
    """Return the value that keys and numbers of items lead to, None if they lead nowhere."""
    for key in keys:
        try:
            content = content[key]
        except (LookupError, TypeError):
            return None
    return content


def read_yaml(path: str | Path, strict: bool = True) -> Document:
    """Return the document in a YAML or JSON file.

    strict: refuse keys that are not texts, and texts that YAML 1.1 reads as something else.
    Raises StudyError, in one line with the file and the line in it.
    """
    path = Path(path)
    text = read_text(path)
    try:
        if text.lstrip().startswith("{"):
            try:
                return Document(path, _read_json(text, path), None)
            except ValueError:
                pass  # a mapping in YAML may start like this too
        loader = _Loader(text, path, strict)
        root = loader.get_single_node()
        content = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        problem = ", ".join(filter(None, [error.context, error.problem]))
        if "'\\t'" in problem:
            problem += "; indent by spaces, not by a tab"
        raise StudyError(f"{shown(path)}{line}: not YAML: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise StudyError(f"{shown(path)}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise StudyError(f"{shown(path)}: nested more than {MAX_DEPTH} levels deep") from None
    return Document(path, content, root)


def read_schema(path: Path) -> Any:
    """Return the content of a YAML file of the project itself, whose form needs no check.

    Every command reads a schema, so this takes the parser in C, where PyYAML has it.
    """
    parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), parser)


def _read_json(text: str, path: Path) -> Any:
    """Return the value in a text; StudyError for a repeated key; ValueError if it is not JSON."""

    def mapping(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise StudyError(f"{shown(path)}: the key {key} occurs twice in one mapping")
            found[key] = value
        return found

    return json.loads(text, object_pairs_hook=mapping)


def _entry(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return (node where it starts, node of its value) of an entry; None if there is none."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    return None


def _line(node: yaml.Node) -> int:
    """Return the number of the line where a node starts, from 1."""
    return node.start_mark.line + 1


class _Loader(yaml.SafeLoader):
    """Composes and constructs a document, and refuses what `read_yaml` refuses."""

    def __init__(self, text: str, path: Path, strict: bool) -> None:
        super().__init__(text)
        self.path, self.strict = path, strict
        self.depth = self.entries = 0
        self.sizes: dict[str, int] = {}  # entries under each anchor, once they are known

    def refuse(self, start: yaml.Node | yaml.Event, problem: str) -> NoReturn:
        """Raise StudyError with the line where a node or an event starts."""
        raise StudyError(f"{shown(self.path)}, line {start.start_mark.line + 1}: {problem}")

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node. An alias counts with all that it repeats."""
        event = self.peek_event()
        before = self.entries
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse(event, f"nested more than {MAX_DEPTH} levels deep")
        node = super().compose_node(parent, index)
        if not isinstance(event, yaml.AliasEvent):
            self.entries += 1
            if event.anchor:
                self.sizes[event.anchor] = self.entries - before
        elif event.anchor in self.sizes:
            self.entries += self.sizes[event.anchor]
        else:
            self.refuse(event, f"*{event.anchor} is inside the entry that it repeats")
        if self.strict and isinstance(node, yaml.ScalarNode) and node.tag not in TEXTS:
            if isinstance(parent, yaml.MappingNode) and index is None:  # a key
                self.refuse(node, f"YAML does not read {node.value} as text; {_quoted(node)}")
            self.check_scalar(node)
        if self.entries > MAX_ENTRIES:
            self.refuse(event, f"more than {MAX_ENTRIES:,} entries, with what aliases (*) repeat")
        self.depth -= 1
        return node

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """Return a mapping, whose keys differ."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key, "a list or a mapping as a key; keys are texts")
            if (key.tag, key.value) in lines:
                first = lines[key.tag, key.value]
                self.refuse(key, f"{key.value} is on line {first} already; remove or rename one")
            lines[key.tag, key.value] = _line(key)
        return node

    def check_scalar(self, node: yaml.ScalarNode) -> None:
        """Refuse a value that is not what it looks like, or not a finite number or a valid day."""
        text = node.value
        if len(text) > LONGEST_NUMBER:
            self.refuse(node, f"a number of {len(text)} digits is too large")
        try:
            value = self.construct_object(node)
        except (ValueError, LookupError, AttributeError):  # of a date; of a tag such as !!bool
            kind = "day" if node.tag.endswith(":timestamp") else node.tag.rpartition(":")[2]
            self.refuse(node, f"{text} is not a valid {kind}; correct it")
        if isinstance(value, float) and not math.isfinite(value):
            self.refuse(node, f"{text} is not a finite number")
        if not re.fullmatch(SPELLINGS.get(node.tag, ".*"), text):
            meant = json.dumps(value, default=str)
            self.refuse(node, f"YAML reads {text} as {meant}: write {meant}, or {_quoted(node)}")


def _quoted(node: yaml.ScalarNode) -> str:
    """Return the advice to quote a scalar, so that it is read as text."""
    return f"put it in quotes: '{node.value}'"


@contextmanager
def naming_lines(config: Mapping[str, Any], documents: Sequence[Document]) -> Iterator[None]:
    """Make a SettingError about `config` name the file and the line of the setting.

    It names neither if the setting has another value in the documents: then it comes from the
    command line.
    """
    try:
        yield
    except SettingError as error:
        value = value_at(config, error.keys)
        agreeing = [each for each in documents if value_at(each.content, error.keys) == value]
        place = place_of(error.keys, agreeing)
        if place is None:
            raise
        raise StudyError(f"{place}: {error.problem}") from None

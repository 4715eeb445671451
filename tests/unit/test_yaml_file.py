"""YAML as people write it: what is refused, and in which words."""

import codecs
import json
import time

import pytest
import yaml
from sarfusion.core.errors import MAX_MESSAGE, StudyError
from sarfusion.core.yaml_file import MAX_DEPTH, place_of, read_yaml


@pytest.fixture
def read(tmp_path):
    """Writes a file and returns the document in it."""

    def write_and_read(content, **options):
        path = tmp_path / "city.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(path, **options)

    return write_and_read


@pytest.fixture
def refusal(read, tmp_path):
    """Writes a file and returns the one line that refuses it, from the name of the file on."""

    def refused(content, **options):
        with pytest.raises(StudyError) as error:
            read(content, **options)
        assert len(str(error.value).splitlines()) == 1
        return str(error.value).removeprefix(f"{tmp_path}/")

    return refused


# Keys


@pytest.mark.parametrize(
    ("text", "key", "first", "second"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", 1, 3),
        ("sites:\n  x: {source: files}\n  y: 1\n  x: {source: stac}\n", "x", 2, 4),
        ("- {a: [{b: 1}]}\n- c:\n    d: 1\n    'd': 2\n", "d", 3, 4),
        ("a: &base {b: 1}\nc: {<<: *base, e: 1,\n  e: 2}\n", "e", 2, 3),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_both_lines(refusal, text, key, first, second):
    said = refusal(text)
    assert (
        said == f"city.yaml, line {second}: {key} is on line {first} already; remove or rename one"
    )
    assert refusal(text, strict=False) == said


def test_a_key_of_json_may_not_stand_twice_either(refusal, read):
    assert refusal('{"a": {"b": 1,\n "b": 2}}') == (
        "city.yaml: the key b occurs twice in one mapping"
    )
    assert read('{"a": {"b": 1e-4}}').content == {"a": {"b": 1e-4}}  # a number in JSON


def test_anchors_and_merged_keys_are_read(read):
    text = "one: &one {a: 1, b: 2}\ntwo: {<<: *one, b: 3}\nthree: [*one, *one]\n"
    found = read(text).content
    assert found["two"] == {"a": 1, "b": 3}
    assert found["three"] == [found["one"]] * 2


@pytest.mark.parametrize("key", ["no", "on", "010", "2024", "1_000", "2024-01-01", "null", "1.5"])
def test_a_key_that_is_no_text_is_refused_with_the_remedy(refusal, read, key):
    said = refusal(f"sites:\n  {key}: 1\n")
    assert said == (
        f"city.yaml, line 2: YAML does not read {key} as text; put it in quotes: '{key}'"
    )
    assert read(f"sites:\n  '{key}': 1\n").content == {"sites": {key: 1}}
    assert list(read(f"sites:\n  {key}: 1\n", strict=False).content["sites"].values()) == [1]


def test_a_list_as_a_key_is_refused(refusal):
    assert "line 1: a list or a mapping as a key" in refusal("? [a, b]\n: 1\n")


# Values


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *[("010", "8"), ("1_28", "128"), ("0x1F", "31"), ("12:30", "750"), ("0b11", "3")],
        *[("no", "false"), ("Yes", "true"), ("off", "false"), ("1_0.5", "10.5")],
    ],
)
def test_a_value_that_is_not_what_it_looks_like_is_refused(refusal, read, text, meant):
    advice = f"write {meant}, or put it in quotes: '{text}'"
    assert (
        refusal(f"a:\n- {text}\n") == f"city.yaml, line 2: YAML reads {text} as {meant}: {advice}"
    )
    assert read(f"a: {meant}\nb: '{text}'\n").content == {"a": json.loads(meant), "b": text}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (".nan", ".nan is not a finite number"),
        ("-.inf", "-.inf is not a finite number"),
        ("1.0e+999", "1.0e+999 is not a finite number"),
        ("9" * 5000, "a number of 5000 digits is too large"),
        ("2024-13-01", "2024-13-01 is not a valid day; correct it"),
        ("2023-02-29", "2023-02-29 is not a valid day; correct it"),
        ("!!timestamp spring", "spring is not a valid day; correct it"),
        ("!!bool maybe", "maybe is not a valid bool; correct it"),
    ],
)
def test_what_is_no_number_and_no_day_is_refused(refusal, text, problem):
    assert refusal(f"b: 1\na: {text}\n").startswith(f"city.yaml, line 2: {problem}")


def test_plain_numbers_truth_values_and_days_are_read(read):
    text = "[0, -7, 2.75e-5, 1.0e-4, .5, -30., True, false, null, ~]"
    assert read(text).content == [0, -7, 2.75e-5, 1e-4, 0.5, -30.0, True, False, None, None]
    assert str(read("2024-02-29").content) == "2024-02-29"


# Files


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: 1\n# caf\xe9\n", ", line 2: not UTF-8 (byte 0xe9); save the file as UTF-8"),
        ("a: ü\n".encode("utf-16"), ": in UTF-16; save it as UTF-8"),
        (codecs.BOM_UTF16_BE + "a: 1".encode("utf-16-be"), ": in UTF-16; save it as UTF-8"),
        ("a: 1\n".encode("utf-16-le"), ", line 1: the control character '\\x00'; remove it, or"),
        (b"a: 1\nb: \x1b[1m\n", ", line 2: the control character '\\x1b'"),
        (b"a:\n\tb: 1\n", ", line 2: not YAML: while scanning for the next token, found char"),
        (b"a: 1\n---\nb: 1\n", ", line 2: not YAML: expected a single document"),
        (b"a: [1, 2\n", ", line 2: not YAML: "),
        (b"a: !!python/object/apply:os.getcwd []\n", ", line 1: not YAML: could not determine"),
        (b"a: *b\n", ", line 1: not YAML: found undefined alias"),
        (b"a: &b [*b]\n", ", line 1: *b is inside the entry that it repeats"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, f", line 1: nested more than {MAX_DEPTH} levels"),
        (b'{"a": ' * 5000 + b"1" + b"}" * 5000, f": nested more than {MAX_DEPTH} levels"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(refusal, content, problem):
    assert refusal(content).startswith(f"city.yaml{problem}")


def test_what_editors_add_is_read(read):
    text = "a: 1\nb: [ü]\n"
    for content in (codecs.BOM_UTF8 + text.encode(), text.replace("\n", "\r\n").encode()):
        assert read(content).content == {"a": 1, "b": ["ü"]}
    assert read(b"").content is None


def test_a_folder_and_nothing_are_no_files(tmp_path):
    with pytest.raises(StudyError, match="a folder or a device, not a file"):
        read_yaml(tmp_path)
    with pytest.raises(StudyError, match="no.yaml: No such file"):
        read_yaml(tmp_path / "no.yaml")


def test_aliases_that_repeat_too_much_are_refused_at_once(refusal, read):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join(10 * [f'*a{n - 1}'])}]\n" for n in range(1, 30)
    )
    start = time.perf_counter()
    assert refusal(bomb).startswith("city.yaml, line 6: more than 1,000,000 entries, with what")
    assert time.perf_counter() - start < 5
    assert len(read("\n".join(bomb.splitlines()[:4])).content["a3"]) == 10


def test_a_message_stays_short(refusal):
    assert len(refusal(f"{'x' * 10**6}: 1\n{'x' * 10**6}: 2\n")) < MAX_MESSAGE + 10


# Places


def test_a_setting_is_found_in_the_last_file_that_has_it(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("sites:\n  x:\n    area:\n    - 1\n    - 2\nsplit: {seed: 1}\n")
    second.write_text("# over it\nsplit: {seed: 2}\n")
    documents = [read_yaml(first), read_yaml(second)]
    for keys, place in (
        (("sites", "x", "area", 1), "a.yaml, line 5"),
        (("sites", "x", "period"), "a.yaml, line 2"),
        (("split", "seed"), "b.yaml, line 2"),
    ):
        assert place_of(keys, documents) == f"{tmp_path}/{place}"
    assert place_of(("epochs",), documents) is None
    assert place_of(("sites",), []) is None


def test_what_this_project_writes_can_be_read(read):
    value = {"a": [1e-5, 1e20, -0.2, 3, True, None, "no", "010", "2024-01-01", "1e-4", "ü: #"]}
    assert read(yaml.safe_dump(value, allow_unicode=True)).content == value

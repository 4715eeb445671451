"""Which addresses may be read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.hrefs import check_href, shown


@pytest.mark.parametrize(
    ("href", "normal"),
    [
        ("https://example.org/a/B4.TIF", "https://example.org/a/B4.TIF"),
        ("HTTPS://Example.ORG/a/B4.TIF?sig=secret#x", "https://example.org/a/B4.TIF"),
        ("https://example.org:8443/a%20b.tif", "https://example.org:8443/a%20b.tif"),
        ("https://93.184.216.34/a.tif", "https://93.184.216.34/a.tif"),
        ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]:443/a"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a"),
        ("http://127.8.9.1/a", "http://127.8.9.1/a"),
        ("http://localhost/a?b", "http://localhost/a"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
    ],
)
def test_an_address_comes_back_in_its_normal_form(href, normal):
    assert check_href(href) == normal
    assert check_href(normal) == normal


@pytest.mark.parametrize(
    "href",
    [
        *("http://example.org/a", "http://192.168.0.1/a", "http://169.254.169.254/latest"),
        *("http://127.0.0.1.example.org/a", "http://localhost.example.org/a", "http://0/a"),
        *("http://2130706433/a", "http://0x7f.0.0.1/a", "http://[::2]/a", "http://127.0.0.1@b.org"),
        *("ftp://example.org/a", "gs://bucket/key", "s3://bucket/key", "data:text/plain,a"),
        *("file:///etc/passwd", "FILE:/etc/passwd", "/etc/passwd", "a.tif", "../a.tif"),
        *("/vsicurl/https://example.org/a", "vrt://https://example.org/a", "/vsis3/bucket/key"),
        *("https://user:word@example.org/a", "https://user@example.org/a", "https://@example.org"),
        *("https://example.org/a b", "https://example.org/a\nb", "https://example.org/\x00"),
        *("https://example.org\\@evil.org/a", "\thttps://example.org/a", "https://exa%6dple.org/"),
        *(
            "https://",
            "https:///a",
            "https:a",
            "https://a:99999/",
            "https://a:b/",
            "https://[::1/a",
        ),
        *(
            "https://-a.org/",
            "https://a_b.org/",
            "https://ex\u00e4mple.org/",
            "",
            None,
            7,
            b"https",
        ),
    ],
)
def test_everything_else_is_refused_in_one_line(href):
    with pytest.raises(StudyError) as refused:
        check_href(href)
    message = str(refused.value)
    assert message.isprintable()
    assert "word" not in message


@given(st.text(max_size=40) | st.from_regex(r"(https?|s3|file):/{0,3}[\w.@:\[\]/?#%-]{0,40}"))
def test_whatever_is_not_refused_is_https_or_this_machine(href):
    try:
        normal = check_href(href)
    except StudyError as refused:
        told = str(refused)
        assert told.isprintable()
    else:
        host = r"(localhost|127(\.\d+){3}|\[[0:]*1\])"
        assert re.fullmatch(rf"(https://[^/@?#\s]+|http://{host})(:\d+)?(/[^?#\s]*)?", normal)


def test_s3_is_a_choice():
    assert check_href("s3://usgs-landsat/a/B4.TIF", allow_s3=True) == "s3://usgs-landsat/a/B4.TIF"
    for wrong in ("s3:///key", "s3://b/key", "s3://user@bucket/key", "s3://bucket/../other/key"):
        with pytest.raises(StudyError, match="refused"):
            check_href(wrong, allow_s3=True)


def test_files_are_those_of_a_catalogue_on_disk(tmp_path):
    root, outside = tmp_path / "catalogue", tmp_path / "catalogue2"
    for folder in (root / "scenes", outside):
        folder.mkdir(parents=True)
    inside = root / "scenes" / "a b.tif"
    inside.touch()
    (outside / "secret.tif").touch()
    (root / "link.tif").symlink_to(inside)
    (root / "way_out").symlink_to(outside)
    for href in (
        str(inside),
        "scenes/a b.tif",
        "./scenes/../scenes/a b.tif",
        "link.tif",
        inside.as_uri(),  # a%20b.tif
        inside.as_uri().replace("file://", "file://localhost"),
    ):
        assert check_href(href, local_root=root) == str(inside)
    for href in (
        "../catalogue2/secret.tif",
        str(outside / "secret.tif"),
        (outside / "secret.tif").as_uri(),
        (root / "..").as_uri() + "/catalogue2/secret.tif",
        "way_out/secret.tif",
        "file://elsewhere/etc/passwd",
        "/vsimem/a.tif",
        "/VSIcurl/https://example.org/a.tif",
        "scenes\\a b.tif",
        "a\x00b",
        "file:///a%00b",
    ):
        with pytest.raises(StudyError, match="refused"):
            check_href(href, local_root=root)


def test_messages_show_no_secrets():
    assert shown("https://user:word@example.org/a?sig=token#x") == "https://example.org/a"
    assert shown("https://example.org/\n\x1b[31m") == r"https://example.org/\n\x1b[31m"
    assert len(shown("https://example.org/" + "a" * 5000)) == 300

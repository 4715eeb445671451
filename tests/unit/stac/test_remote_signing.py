"""Signing as the Planetary Computer requires it, with its token endpoint on loopback."""

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cog_files import settings
from sarfusion.scenes.stac.remote import Broken, Remote, Unavailable
from servers.files import Fault, FileServer

BLOB = "https://sentinel1euwest.blob.core.windows.net/s1-grd-rtc/GRD/2024/iw-vv.rtc.tiff"
SCRIPTS = Path(__file__).parents[3] / "scripts"
SECRET = "sv=2024-05-04&st=2024-01-01&se=2024-01-02&sp=rl&sig=very%2Fsecret%3D"


def write_token(folder, token=SECRET, container="s1-grd-rtc", minutes=45.0):
    expiry = datetime.now(UTC) + timedelta(minutes=minutes)
    path = folder / "sentinel1euwest" / container
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"msft:expiry": expiry.isoformat(), "token": token}))


@pytest.fixture
def endpoint(tmp_path, monkeypatch):
    """The token endpoint; the package has no tokens yet."""
    write_token(tmp_path)
    signer_of()  # the package is there now
    from planetary_computer import sas
    from planetary_computer.settings import Settings

    with FileServer(tmp_path) as server:
        monkeypatch.setenv("PC_SDK_SAS_URL", server.url)
        Settings.get.cache_clear()
        sas.TOKEN_CACHE.clear()
        yield server
        sas.TOKEN_CACHE.clear()
        Settings.get.cache_clear()


def signer_of(**options):
    options = {"delay_s": 0.01, "max_delay_s": 0.02, **options}
    return Remote(settings(signing="planetary_computer"), **options).signer


def test_a_blob_is_signed_and_its_token_kept(endpoint):
    signer = signer_of()
    assert signer.sign(BLOB) == f"{BLOB}?{SECRET}"
    assert signer.sign(BLOB + "2") == f"{BLOB}2?{SECRET}"
    assert [path for _, path, _ in endpoint.requests] == ["/sentinel1euwest/s1-grd-rtc"]


@pytest.mark.parametrize(
    "href",
    [
        "https://landsatlook.usgs.gov/data/B4.TIF",
        "https://a.blob.core.windows.net.example.org/b/c.tif",
        "http://127.0.0.1:8000/a/b.tif",
    ],
)
def test_other_addresses_get_no_token(endpoint, href):
    signer = signer_of()
    assert signer.sign(href) == href
    assert signer.renew(href, href) is False
    assert endpoint.requests == []


def test_many_threads_ask_for_one_token(endpoint):
    endpoint.fault("*", Fault(delay_s=0.2))
    signer = signer_of()
    with ThreadPoolExecutor(8) as pool:
        signed = set(pool.map(signer.sign, [BLOB] * 8))
    assert signed == {f"{BLOB}?{SECRET}"}
    assert len(endpoint.requests) == 1


def test_a_token_near_its_end_is_replaced(endpoint):
    signer = signer_of()
    write_token(endpoint.folder, "sig=old", minutes=0.9)
    assert signer.sign(BLOB) == f"{BLOB}?sig=old"
    write_token(endpoint.folder, "sig=new")
    assert signer.sign(BLOB) == f"{BLOB}?sig=new"
    assert signer.sign(BLOB) == f"{BLOB}?sig=new"
    assert len(endpoint.requests) == 2


def test_a_refused_token_is_replaced_once_for_all(endpoint):
    signer = signer_of()
    write_token(endpoint.folder, "sig=other", container="another")
    signer.sign(BLOB.replace("s1-grd-rtc", "another"))
    first = signer.sign(BLOB)
    write_token(endpoint.folder, "sig=new")
    endpoint.forget()
    for _ in range(4):  # threads that were refused with the same token
        assert signer.renew(BLOB, first) is True
        assert signer.sign(BLOB) == f"{BLOB}?sig=new"
    signer.sign(BLOB.replace("s1-grd-rtc", "another"))
    assert len(endpoint.requests) == 1


def test_the_endpoint_is_waited_for(endpoint, monkeypatch):
    pauses = []
    monkeypatch.setattr("tenacity.nap.time.sleep", pauses.append)
    endpoint.fault("*", Fault(status=429, retry_after=21, times=2))
    endpoint.fault("*", Fault(status=503, times=1))
    assert signer_of().sign(BLOB) == f"{BLOB}?{SECRET}"
    assert [int(pause) for pause in pauses] == [21, 21, 0]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 429}, "answered 429"),
        ({"delay_s": 5}, "in time"),
        ({"cut_after": 20}, "cut"),
        ({"status": 403}, "answered 403"),
    ],
    ids=str,
)
def test_an_endpoint_without_tokens_is_told(endpoint, fault, reason):
    endpoint.fault("*", Fault(**fault))
    with pytest.raises(Unavailable, match=f"/sentinel1euwest/s1-grd-rtc: .*{reason}"):
        signer_of(timeout_s=0.2 if "delay_s" in fault else 30, attempts=2).sign(BLOB)


@pytest.mark.parametrize("answer", [f'"{SECRET}"', f'{{"token": "{SECRET}"}}', SECRET, "", "[]"])
def test_an_answer_that_is_no_token_is_not_shown(endpoint, caplog, answer):
    caplog.set_level(logging.DEBUG)
    (endpoint.folder / "sentinel1euwest" / "s1-grd-rtc").write_text(answer)
    with pytest.raises(Broken, match="not a token") as told:
        signer_of().sign(BLOB)
    assert "secret" not in f"{told.value!r} {told.value.__context__!r} {caplog.text}"


def test_a_blob_without_a_container_is_told(endpoint):
    with pytest.raises(Broken, match="no container"):
        signer_of().sign("https://sentinel1euwest.blob.core.windows.net/a.tif")


def test_offline_asks_for_no_token(endpoint):
    with pytest.raises(Unavailable, match="offline"):
        signer_of(offline=True).sign(BLOB)
    assert endpoint.requests == []


@pytest.mark.parametrize("signing", ["none", "planetary_computer"])
def test_the_package_is_imported_where_it_signs(signing):
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r});"
        "from sarfusion.scenes.stac.remote import Remote;"
        f"Remote({settings(signing=signing)!r}); print('planetary_computer' in sys.modules)"
    )
    warnings = ["-W", "error", "-W", "ignore::PendingDeprecationWarning"]
    command = [sys.executable, *warnings, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(signing != "none")
    assert done.stderr == ""

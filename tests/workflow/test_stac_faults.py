"""Downloads without a network, over a bad one, and killed: the right bytes or one clear line."""

import os
import signal
import subprocess
import time

import pytest
from catalogue_study import CLOUDS, STACK, CatalogueStudy, errors, replaced, same_scenes
from pack_scenes import main as pack_scenes
from sarfusion.scenes.stac.pack import unpack
from servers.files import Fault


class TestOffline:
    def test_with_nothing_here_it_says_so(self, clone, server, monkeypatch):
        monkeypatch.setenv("SARFUSION_OFFLINE", "1")
        said = errors(clone.run(STACK, fails=True))
        assert len(said) == 1
        assert "offline" in said[0]
        assert server.requests == []
        assert not clone.left()

    def test_with_the_scenes_here_it_goes_on(self, clone, server, first, monkeypatch):
        clone.run("results/city/scenes/place/optical.tif")
        server.forget()
        monkeypatch.setenv("SARFUSION_OFFLINE", "1")
        clone.run(STACK)
        assert server.requests == []
        assert (clone.folder / STACK).read_bytes() == (first.folder / STACK).read_bytes()


class TestFaults:
    def test_what_passes_is_waited_out(self, clone, server, first):
        server.fault("*_SR_B4.TIF", Fault(status=429, retry_after=1, times=2))
        server.fault("*_SR_B3.TIF", Fault(status=503, times=2))
        server.fault("*_SR_B2.TIF", Fault(cut_after=20_000, after=1, times=2))
        server.fault("*iw-vv*", Fault(delay_s=0.002))
        clone.run(STACK)
        same_scenes(clone, first)

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            (Fault(status=404), "404"),
            (Fault(location="file:///etc/passwd"), "file:///etc/passwd"),
        ],
    )
    def test_what_does_not_pass_is_said(self, archive, clone, server, fault, message):
        server.fault("*_SR_B2.TIF", fault)
        said = errors(clone.run(STACK, fails=True))
        assert len(said) == 1
        assert archive.id("clear") in said[0]
        assert message in said[0]
        assert not clone.left()

    def test_a_truncated_file_leads_to_the_next_pair(self, archive, search, server):
        """It is cut before it is locked, so that no size and no checksum shows it."""
        path = server.folder / archive.path("clear", "red").relative_to(archive.folder)
        with replaced(path, path.read_bytes()[:30_000]):
            project = search()
            printed = project.run(STACK)
        assert f"warning: {archive.id('clear')} is not used: " in printed
        assert f"{path.name}: it ends before its own data; it is cut short" in printed
        assert project.locked_ids("optical") != [archive.id("clear")]

    def test_a_pack_is_run_without_a_server(self, archive, first, server, tmp_path, monkeypatch):
        tar = tmp_path / "results/city/city-scenes.tar"
        pack_scenes(first.study, first.lock_path, tar, [])
        other = CatalogueStudy(tmp_path / "other", "https://nowhere.example/", archive)
        other.study.unlink()
        unpack(tar, other.folder / "config", other.folder / "results/.packed")
        (other.folder / "config/city.yaml").rename(other.study)
        server.forget()
        monkeypatch.setenv("SARFUSION_OFFLINE", "1")
        other.run(STACK, CLOUDS)
        assert server.requests == []
        same_scenes(other, first)
        assert (other.folder / STACK).read_bytes() == (first.folder / STACK).read_bytes()

    def test_a_killed_download_goes_on_where_it_was(self, archive, clone, server, first):
        server.fault("*iw-vh*", Fault(delay_s=3))
        run = subprocess.Popen(
            clone.command(STACK),
            cwd=clone.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        folder = clone.results() / "downloads/place"
        deadline = time.monotonic() + 120
        while len(list(folder.glob("[a-z]*.tif"))) < 6:  # all but vh
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()

        server.heal()
        server.forget()
        clone.run("--unlock")
        clone.run(STACK)
        assert {path.split("/")[-1] for _, path, _ in server.requests} == {"iw-vh.rtc.tiff"}
        same_scenes(clone, first)
        assert not folder.exists()
        assert not list(clone.results().rglob(".part-*"))

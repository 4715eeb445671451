"""Runs roc-validator without a network: it gets the only context that a crate names."""

import io
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from sarfusion.provenance.crate import CONTEXT
from urllib3 import HTTPResponse


class ContextAdapter(HTTPAdapter):
    """Answers every request with the RO-Crate 1.1 context that ships with the library rocrate."""

    def send(self, request, **_):
        body = io.BytesIO(files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes())
        headers = {"Content-Type": "application/ld+json"}
        response = HTTPResponse(body, headers, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, response)


class Validator:
    """roc-validator with the context in its web cache."""

    def __init__(self, folder):
        self.cache = folder / "web"
        with CachedSession(str(self.cache), backend="sqlite", expire_after=-1) as session:
            session.mount("https://", ContextAdapter())
            served = session.get(CONTEXT[0], headers={"Accept": "application/ld+json"}).json()
        assert served["@id"] == CONTEXT[0]

    def complaints(self, crate, profile="workflow-run-crate"):
        """What the required checks of a profile, Workflow Run Crate 0.5, report for a crate."""
        report = self.cache.with_name("report.json")
        command = [
            *(Path(sys.executable).with_name("rocrate-validator"), "--no-interactive", "validate"),
            *("--offline", "--cache-path", self.cache, "--no-paging"),
            *("--profile-identifier", profile),
            *("--output-format", "json", "--output-file", report, crate),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = json.loads(report.read_text())
        report.unlink()
        assert (done.returncode == 0) == said["passed"], done.stderr
        if said["passed"]:
            assert not said["skipped_checks"]
        return [issue["message"] for issue in said["issues"]]

"""What stands in the files of `deploy`, held against each other and against the options that a server has."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.composed import DEPLOY, SERVERS, image
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE
from workflow_results import __version__
from workflow_results_server.cli.serve import serve
from workflow_results_server.settings import Settings

LONGEST_END = 40
"""Seconds beyond `--drain-seconds`: docs/operate/operations.md#stopping-a-server."""
MONGOD_END = 20
OPTIONS = {f"WORKFLOW_RESULTS_SERVE_{option.name}".upper() for option in serve.params}
TEXTS = {
    path: path.read_text()
    for path in sorted(DEPLOY.rglob("*"))
    if path.is_file() and not {"secrets", "data"} & set(path.parts) and path.suffix in ("", ".yaml", ".service", ".env")
}


@pytest.fixture(scope="module")
def kubernetes() -> dict[str, dict[str, Any]]:
    """The manifests by their kind; the headless service for two."""
    manifests = list(yaml.safe_load_all(_rendered(DEPLOY / "kubernetes")))
    return {each["kind"]: each for each in manifests if not each["metadata"]["name"].endswith("-one")}


def test_an_overlay_names_the_registry(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "kubernetes", tmp_path / "deploy/kubernetes")
    overlay = (REPOSITORY / "docs/operate/containers.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay/kustomization.yaml").write_text(overlay)
    rendered = _rendered(tmp_path / "overlay")
    assert f"image: registry.example.org/workflow-results:{__version__}\n" in rendered
    assert "WORKFLOW_RESULTS_SERVE_LOG_LEVEL: info\n" in rendered
    assert "WORKFLOW_RESULTS_SERVE_TLS_CERT: " in rendered


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_variables_are_options_of_serve(path: Path) -> None:
    used = set(re.findall(r"\bWORKFLOW_RESULTS_SERVE_[A-Z_]+", TEXTS[path]))
    assert used <= OPTIONS


def test_the_image_is_started_as_what_it_has() -> None:
    told = image()
    assert told["ENTRYPOINT"] == ["workflow-results"]
    assert told["CMD"] == ["serve"]
    assert told["HEALTHCHECK"][:2] == ["workflow-results", "health"]


def test_containers_are_stopped_later_than_servers_take() -> None:
    composed = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]
    for name in SERVERS:
        drain = float(composed[name]["environment"]["WORKFLOW_RESULTS_SERVE_DRAIN_SECONDS"])
        assert float(composed[name]["stop_grace_period"].removesuffix("s")) > drain + LONGEST_END


def test_the_unit_is_stopped_later_than_a_server_takes() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.read(DEPLOY / "systemd/workflow-results.service")
    drain = Settings().drain_seconds
    assert unit.getfloat("Service", "TimeoutStopSec") >= drain + LONGEST_END + MONGOD_END
    assert unit["Service"]["KillMode"] == "mixed"  # else mongod would end while calls are in progress


def test_pods_are_stopped_later_than_servers_take(kubernetes: dict[str, dict[str, Any]]) -> None:
    pod = kubernetes["Deployment"]["spec"]["template"]["spec"]
    drain = float(kubernetes["ConfigMap"]["data"]["WORKFLOW_RESULTS_SERVE_DRAIN_SECONDS"])
    before = float(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] > before + drain + LONGEST_END


def test_a_new_pod_comes_before_an_old_one_goes(kubernetes: dict[str, dict[str, Any]]) -> None:
    update = kubernetes["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert update == {"maxUnavailable": 0, "maxSurge": 1}


def test_all_select_the_pods_of_the_deployment(kubernetes: dict[str, dict[str, Any]]) -> None:
    labels = kubernetes["Deployment"]["spec"]["template"]["metadata"]["labels"]
    spread = kubernetes["Deployment"]["spec"]["template"]["spec"]["topologySpreadConstraints"][0]
    assert kubernetes["Service"]["spec"]["selector"] == labels
    for selector in (
        kubernetes["Deployment"]["spec"]["selector"],
        kubernetes["PodDisruptionBudget"]["spec"]["selector"],
        kubernetes["NetworkPolicy"]["spec"]["podSelector"],
        spread["labelSelector"],
    ):
        assert selector == {"matchLabels": labels}


def test_clients_need_no_label_but_their_own(kubernetes: dict[str, dict[str, Any]]) -> None:
    asked_in = kubernetes["NetworkPolicy"]["spec"]["ingress"][0]["from"][0]["podSelector"]
    assert asked_in == {"matchLabels": {"workflow-results/client": "true"}}


def test_files_lie_in_mounted_secrets(kubernetes: dict[str, dict[str, Any]]) -> None:
    container = kubernetes["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    files = [value for value in kubernetes["ConfigMap"]["data"].values() if value.startswith("/")]
    assert len(files) == 5
    assert {str(Path(file).parent) for file in files} == mounts


def _rendered(folder: Path) -> str:
    """Return the manifests that kustomize makes of a folder."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    command = ["kubectl", "kustomize", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout

"""What is in the wheels and in the source distribution: all that belongs there, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packages.built import Built, files, metadata, parts
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE
from workflow_results import __version__

PACKAGES = {"workflow_results": "client/python/", "workflow_results_server": "server/"}
VENDORED = "workflow_results_server/http/ui/assets/vendor"
MOST_BYTES = 1_000_000


def repository(*folders: str) -> set[str]:
    """List the files of the repository, those aside that git ignores."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    done = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=PATIENCE)
    return {name for name in done.stdout.splitlines() if (REPOSITORY / name).exists()}


def packaged(wheel: Path) -> set[str]:
    return {name for name in files(wheel) if ".dist-info/" not in name}


def test_the_wheel_has_both_packages_whole_and_nothing_else(release: Built) -> None:
    expected = {
        name.removeprefix(above) for package, above in PACKAGES.items() for name in repository(f"{above}{package}")
    }
    assert packaged(release.wheel) == expected
    folders = {part for name in expected for part in Path(name).parts}
    assert not folders & {"tests", "bench", "conftest.py", "__pycache__"}


def test_the_wheel_has_stubs_with_their_types(release: Built) -> None:
    protos = [Path(name).stem for name in repository("proto") if name.endswith(".proto")]
    assert {"results", "errors"} <= set(protos)
    expected = {f"{stem}_pb2{end}" for stem in protos for end in (".py", ".pyi")}
    expected |= {"__init__.py", "results_pb2_grpc.py", "results_pb2_grpc.pyi"}
    above = "workflow_results/v1/"
    assert {name.removeprefix(above) for name in files(release.wheel) if name.startswith(above)} == expected


def test_the_packages_are_typed(release: Built) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= files(release.wheel)
    for native in release.native:
        assert {f"workflow_results_native/{name}" for name in ("py.typed", "__init__.pyi")} <= files(native)


def test_the_wheel_has_the_dashboard_with_the_licenses_of_others(release: Built) -> None:
    with zipfile.ZipFile(release.wheel) as wheel:
        vendored = json.loads(wheel.read(f"{VENDORED}/vendored.json"))
        assert {"preact", "htm", "uplot"} <= {each["package"] for each in vendored}
        for each in vendored:
            assert wheel.read(f"{VENDORED}/{each['file']}")
            assert b"copyright" in wheel.read(f"{VENDORED}/{each['license_file']}").lower()
        assert b"app.js" in wheel.read("workflow_results_server/http/ui/assets/index.html")
    about = release.metadata()
    assert {each["license"] for each in vendored} | {"MIT"} == set(about["License-Expression"].split(" AND "))
    assert {f"server/{VENDORED}/{each['license_file']}" for each in vendored} | {"LICENSE"} == set(
        about.get_all("License-File", [])
    )


def test_each_wheel_says_what_it_is(release: Built) -> None:
    for wheel, name in [
        (release.wheel, "workflow-results"),
        *((each, "workflow-results-native") for each in release.native),
    ]:
        about = metadata(wheel)
        assert (about["Name"], about["Version"], about["Requires-Python"]) == (name, __version__, ">=3.10")
        for license_ in about.get_all("License-File", []):
            assert any(each.endswith(f".dist-info/licenses/{license_}") for each in files(wheel))
        assert "LICENSE" in about.get_all("License-File", [])


def test_the_description_has_no_links_that_lead_nowhere_on_pypi(release: Built) -> None:
    for wheel in (release.wheel, *release.native):
        description = metadata(wheel).get_payload()
        assert isinstance(description, str)
        assert description.startswith("# ")
        assert not re.findall(r"\]\((?!https:)[^)]*\)", description)


def test_the_wheels_of_the_native_part_have_no_more_than_it(release: Built) -> None:
    for wheel in release.native:
        names = {"__init__.py", "__init__.pyi", "py.typed", "workflow_results_native.abi3.so"}
        assert packaged(wheel) == {f"workflow_results_native/{name}" for name in names}
        assert any(name.endswith(".cyclonedx.json") for name in files(wheel)), "maturin adds an SBOM"


def test_the_wheel_is_small(release: Built) -> None:
    assert release.wheel.stat().st_size < MOST_BYTES
    sizes = parts(release.wheel)
    assert {"workflow_results", "workflow_results/v1", "workflow_results_server/http/ui/assets"} <= sizes.keys()


def test_the_source_has_what_builds_the_wheel_and_the_proto(release: Built) -> None:
    expected = repository("client/python", "server", "proto")
    expected |= {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"}
    assert files(release.source) - {"PKG-INFO", ".gitignore"} == expected


def test_the_source_and_the_repository_build_the_same_again(release: Built, tmp_path: Path) -> None:
    with tarfile.open(release.source) as source:
        (time,) = {int(each.mtime) for each in source}
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(time)}
    build = [Path(sys.executable).with_name("uv"), "build", "--quiet", "--out-dir"]
    for command in ([*build, tmp_path / "again", "--wheel", release.source], [*build, tmp_path / "here", REPOSITORY]):
        subprocess.run(list(map(str, command)), env=environment, check=True, timeout=120)
    assert (tmp_path / "again" / release.wheel.name).read_bytes() == release.wheel.read_bytes()
    for path in (release.wheel, release.source):
        assert (tmp_path / "here" / path.name).read_bytes() == path.read_bytes()


VERSIONS = {
    "native/Cargo.toml": r'^version = "(.*)"',
    "native/Cargo.lock": r'^name = "workflow-results-native"\nversion = "(.*)"',
    "client/go/workflowresults/results.go": r'Version = "(.*)"',
    "client/typescript/package.json": r'"version": "(.*)"',
    "client/typescript/package-lock.json": r'"version": "(.*)"',
    "client/rust/Cargo.toml": r'^version = "(.*)"',
    "client/rust/Cargo.lock": r'^name = "workflow-results"\nversion = "(.*)"',
    "client/java/pom.xml": r"<version>(.*)</version>",
    "client/java/README.md": r"<version>(.*)</version>",
    "client/cpp/CMakeLists.txt": r"VERSION (\d+\.\d+\.\d+)",
    "deploy/kubernetes/kustomization.yaml": r"newTag: (.*)",
}


@pytest.mark.parametrize(("path", "pattern"), VERSIONS.items(), ids=VERSIONS)
def test_everything_has_the_same_version(path: str, pattern: str) -> None:
    found = re.search(pattern, (REPOSITORY / path).read_text(), re.MULTILINE)
    assert found
    assert found[1] == __version__

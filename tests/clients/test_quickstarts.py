"""The quickstart of each client: typed as its README says, in an empty directory, against a server."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.languages import LANGUAGES
from tests.support.launcher import Service
from tests.support.paths import REPOSITORY
from workflow_results import Results

_SECONDS = 900
"""What a build from nothing may take."""
_PIPELINE = "tutorial"


def blocks(language: str) -> tuple[list[str], str, str]:
    """Return the commands of a quickstart, the name of its program and the program."""
    readme = (REPOSITORY / LANGUAGES[language].folder / "README.md").read_text()
    section = readme.partition("\n## Quickstart\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    [(file, program)] = re.findall(r"`([\w./]+)`:\n\n```(?!sh)\w+\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return commands, file, program


@pytest.mark.timeout(_SECONDS + 60)
def test_quickstart(language: str, service: Service, tmp_path: Path) -> None:
    if language == "python":
        pytest.skip("that of the README is typed in tests/service/client/test_quickstart.py")
    commands, file, program = blocks(language)
    script = [*commands]
    script.insert(1, f"mkdir -p $(dirname {file}) && cp program {file}\n")
    (tmp_path / "program").write_text(program)
    environment = {**os.environ, "CLONE": str(REPOSITORY), "WORKFLOW_RESULTS_TARGET": service.target}
    ran = subprocess.run(
        ["nice", "bash", "-euc", "".join(script)],  # builds take the time that other tests leave
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "burst-1" in ran.stdout
    with Results(service.target) as results:
        found = [each["id"] for each in results.view(_PIPELINE, {})]
        assert {"burst-1"} <= {*found}
        results.unlock(_PIPELINE, found, force=True)
        results.delete_ids(_PIPELINE, found)


def test_examples_are_those_of_the_readme(language: str) -> None:
    if language == "python":
        pytest.skip("it has none")
    _, file, program = blocks(language)
    examples = [path.read_text() for path in (REPOSITORY / LANGUAGES[language].folder / "examples").rglob("*.*")]
    assert program in examples, file

"""The fixture `local_results`, in projects of others: directories with tests, and pytest as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.processes import processes_with
from tests.support.waiting import PATIENCE, eventually

BLOCKS = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "guide" / "testing.md").read_text(), re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def run_pytest(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a project; see that nothing of a server remains."""
    temporary = project.parent / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments],
        cwd=project,
        env={**os.environ, "TMPDIR": str(temporary), **environment},
        capture_output=True,
        text=True,
        timeout=2.5 * PATIENCE,
        check=False,
    )
    assert not processes_with(temporary)
    assert not list(temporary.glob("workflow-results-*"))
    return done


def test_the_page_does_what_it_says(project: Path) -> None:
    suite, script, shared = BLOCKS
    (project / "test_survey.py").write_text(suite)
    (project / "test_shared.py").write_text(shared)
    (project / "test_script.py").write_text(
        f"SCRIPT = {script!r}\n"
        "def test_script(capsys):\n    exec(SCRIPT, {})\n    assert capsys.readouterr().out == \"{'survey': 1}\\n\"\n"
    )
    done = run_pytest(project, WORKFLOW_RESULTS_TARGET="results.example.org:443", WORKFLOW_TOKEN="")
    assert "6 passed" in done.stdout, done.stdout
    assert done.stderr == ""


COUNTED = """
import os, pathlib, tempfile, pytest
@pytest.mark.parametrize("number", range(6))
def test_alone(local_results, number):
    assert local_results.status() == {}
    assert local_results.history("p", "x") == []
    assert local_results.deposit([{"id": "x", "pipeline": "p", "status": "success", "results": {"n": number}}])["p"]
    assert local_results.lock("p", ["x"])
    assert local_results.view("p", {})[0]["results"]["n"] == number
    for directory in pathlib.Path(tempfile.gettempdir()).glob("workflow-results-*"):
        pathlib.Path("servers").mkdir(exist_ok=True)
        pathlib.Path("servers", directory.name).touch()
"""


@pytest.mark.parametrize(("arguments", "servers"), [((), 1), (("-n", "2"), 2)], ids=["alone", "xdist"])
def test_each_test_is_alone_and_each_process_has_one_server(
    project: Path, arguments: tuple[str, ...], servers: int
) -> None:
    (project / "test_project.py").write_text(COUNTED)
    done = run_pytest(project, *arguments)
    assert "6 passed" in done.stdout, done.stdout
    assert len(list((project / "servers").iterdir())) == servers


def test_nothing_starts_where_nobody_asks(project: Path) -> None:
    (project / "test_project.py").write_text(
        "import pathlib, sys, tempfile\n"
        "def test_nothing():\n"
        "    assert not list(pathlib.Path(tempfile.gettempdir()).glob('workflow-results-*'))\n"
        "    assert 'workflow_results._pytest_plugin' in sys.modules\n"
        "    heavy = 'grpc google.protobuf bson pymongo yaml click rich workflow_results.results numpy'\n"
        "    assert not set(heavy.split()) & set(sys.modules)\n"
    )
    done = run_pytest(project)
    assert "1 passed" in done.stdout, done.stdout


def test_a_failing_test_and_an_interrupt_leave_nothing(project: Path) -> None:
    (project / "test_project.py").write_text(
        "import os, signal, sys\n"
        "def test_fails(local_results):\n    assert local_results.status() == {'p': 1}\n"
        "def test_is_interrupted(local_results):\n    os.kill(os.getpid(), signal.SIGINT)\n    sys.stdin.read()\n"
    )
    done = run_pytest(project)
    assert "1 failed" in done.stdout
    assert "KeyboardInterrupt" in done.stdout


def test_a_worker_that_crashes_leaves_nothing(project: Path) -> None:
    (project / "test_project.py").write_text(
        "import os, signal\n"
        "def test_crashes(local_results):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "def test_goes_on(local_results):\n    assert local_results.status() == {}\n"
    )
    temporary = project.parent / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "1"],
        cwd=project,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=2.5 * PATIENCE,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    eventually(lambda: not processes_with(temporary))
    eventually(lambda: not list(temporary.glob("workflow-results-*")))


def test_a_missing_extra_is_one_sentence(project: Path) -> None:
    (project / "grpc_health").mkdir()
    (project / "grpc_health" / "__init__.py").write_text("raise ModuleNotFoundError('No module named grpc_health')")
    (project / "test_project.py").write_text("def test_one(local_results): pass\ndef test_two(local_results): pass\n")
    done = run_pytest(project, "-rE", PYTHONPATH=str(project))
    assert "2 errors" in done.stdout
    assert "pip install 'workflow-results[embedded]'" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "_throw_away" not in done.stdout


def test_pytest_does_not_warn_of_a_package_that_is_imported_already() -> None:
    """As it would of one that has a plugin, when a program imports it and then calls `pytest.main`.

    Pytest registers packages with plugins itself where they are installed, though not from a checkout.
    """
    program = """
import workflow_results, pytest, sys
class Plugin:
    def pytest_configure(self, config):
        pytest.register_assert_rewrite("workflow_results")
sys.exit(pytest.main(["--co", "-q", "-W", "error", "-p", "no:cacheprovider", "--rootdir=/", "/dev/null"], [Plugin()]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert "PytestAssertRewriteWarning" not in done.stdout + done.stderr


def test_the_plugin_loads_quickly() -> None:
    """Measured in processor time, which is about the same on a machine that is busy."""
    program = (
        "import pytest, time; began = time.process_time()\n"
        "import workflow_results._pytest_plugin; print(time.process_time() - began)"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=PATIENCE).stdout)
        for _ in range(3)
    ]
    assert min(times) < 0.1

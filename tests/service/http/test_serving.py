"""How the door is served: with workers, with TLS, and to its end."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.asking import ask
from tests.support.certificates import Authority
from tests.support.launcher import Service, run
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Results

Serve = Callable[..., Service]


def test_workers_share_the_port(serve: Serve, pipeline: str) -> None:
    server = serve("--workers", "2", "--http-port", "0")
    with Results(server.target) as results:
        results.deposit([work(pipeline, id="a")])
    body = json.dumps({"query": {"pipeline": pipeline}}).encode()
    for _ in range(8):  # the kernel spreads connections over the workers
        assert ask(server, "POST", "/view/count", body)[:2] == (200, 1)
    assert server.stop() == 0


def test_the_certificates_of_grpc_are_used_and_read_again(serve: Serve, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = serve(*authority.server(), "--http-port", "0")
    assert server.http.startswith("https://")
    context = ssl.create_default_context(cafile=str(authority.file))
    assert ask(server, "GET", "/version", tls=context)[0] == 200

    host, _, port = server.http.removeprefix("https://").rpartition(":")
    before = ssl.get_server_certificate((host, int(port)))
    certificate, _ = authority.issue("server", "localhost", "127.0.0.1")
    assert before != certificate.read_text() == ssl.get_server_certificate((host, int(port)))
    assert ask(server, "GET", "/version", tls=context)[0] == 200
    with Results(server.target, ca_file=authority.file) as results:
        assert results.status() is not None
    assert server.log.read_text().count("the certificates were reloaded") == 1


def test_what_is_in_progress_is_finished(serve: Serve, pipeline: str) -> None:
    server = serve("--http-port", "0")
    works = [work(pipeline, f"{number:03}", data="x" * 200_000) for number in range(100)]
    with Results(server.target) as results:
        results.deposit(works)
    connection = http.client.HTTPConnection(urlsplit(server.http).netloc, timeout=PATIENCE)
    connection.request("POST", "/view", json.dumps({"query": {"pipeline": pipeline}, "limit": -1}))
    response = connection.getresponse()  # of which the rest waits until it is read
    stopping = ThreadPoolExecutor(1).submit(server.stop)
    eventually(lambda: not accepts(server))
    assert len(json.loads(response.read())) == 100
    assert stopping.result() == 0
    connection.close()


def accepts(server: Service) -> bool:
    try:
        return ask(server, "GET", "/version")[0] == 200
    except OSError:
        return False


def test_a_port_that_is_taken(door: Service, mongo_uri: str) -> None:
    port = door.http.rpartition(":")[2]
    done = run("serve", "--port", "0", "--http-port", port, WORKFLOW_RESULTS_SERVE_MONGO_URI=mongo_uri)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"workflow-results: can't listen on 127.0.0.1:{port}: Address already in use"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--tls-client-ca", "ca.pem", "--tls-cert", "c.pem", "--tls-key", "k.pem"]])
def test_client_certificates_do_not_replace_tokens(arguments: list[str], tmp_path: Path) -> None:
    done = run("serve", "--http-port", "0", "--data-dir", str(tmp_path / "data"), *arguments)
    assert (done.returncode, "needs --tokens" in done.stderr) == (1, True)

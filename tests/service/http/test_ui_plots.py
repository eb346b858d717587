"""Plots: images out of one directory, and nothing out of any other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browsing import Answered, Browser
from tests.support.launcher import Service
from workflow_results import Results

PNG = b"\x89PNG\r\n\x1a\n" + b"png" * 200_000
JPEG = b"\xff\xd8\xff\xe0" + b"jpeg"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 "
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.png").write_bytes(PNG)
    for name, data in {
        "a.png": PNG,
        "b.jpg": JPEG,
        "c.webp": WEBP,
        "d.svg": SVG,
        "e.png": SVG,
        "f.html": HTML,
        "arc/deep/g.png": PNG,
        "etc/hostname": PNG,
        "empty.png": b"",
        'q"uote\r\nx: y;ü.bin': b"data",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "inside.png").symlink_to(folder / "a.png")
    (folder / "out.png").symlink_to(outside / "secret.png")
    (folder / "folder").symlink_to(outside)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "fifo.png")
    return folder


@pytest.fixture(scope="module")
def gallery(mongo_uri: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("gallery") / "log"
    running = Service("--mongo-uri", mongo_uri, "--http-port", "0", "--plots-root", str(root), log=log)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in log.read_text(), log.read_text()


def plot(gallery: Service, path: object) -> Answered:
    """Deposit a result with one plot, and ask for that."""
    id_ = os.urandom(12).hex()
    with Results(gallery.target) as results:
        results.deposit([{"id": id_, "pipeline": "ui-plots", "status": "success", "plots": [path]}])
    return Browser(gallery).get(f"/ui/api/plot?pipeline=ui-plots&id={id_}&index=0")


@pytest.mark.parametrize(
    ("path", "kind", "data"),
    [
        ("a.png", "image/png", PNG),
        ("b.jpg", "image/jpeg", JPEG),
        ("c.webp", "image/webp", WEBP),
        ("/arc/deep/g.png", "image/png", PNG),
        ("arc/../a.png", "image/png", PNG),
        ("/etc/hostname", "image/png", PNG),  # not the one of this machine
        ("inside.png", "image/png", PNG),
    ],
)
def test_images_are_shown(gallery: Service, path: str, kind: str, data: bytes) -> None:
    answered = plot(gallery, path)
    assert (answered.status, answered.headers["content-type"], answered.body) == (200, kind, data)
    assert "content-disposition" not in answered.headers
    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_a_path_may_be_the_one_on_the_disk(gallery: Service, root: Path) -> None:
    assert plot(gallery, str(root / "a.png")).body == PNG


@pytest.mark.parametrize(("path", "data"), [("d.svg", SVG), ("e.png", SVG), ("f.html", HTML), ("empty.png", b"")])
def test_what_is_no_image_is_only_saved(gallery: Service, path: str, data: bytes) -> None:
    answered = plot(gallery, path)
    assert (answered.status, answered.body) == (200, data)
    assert answered.headers["content-type"] == "application/octet-stream"
    assert answered.headers["content-disposition"] == f"attachment; filename*=UTF-8''{path}"
    assert answered.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_names_stay_in_their_header(gallery: Service) -> None:
    answered = plot(gallery, 'q"uote\r\nx: y;ü.bin')
    assert answered.headers["content-disposition"] == "attachment; filename*=UTF-8''q%22uote%0D%0Ax%3A%20y%3B%C3%BC.bin"
    assert "x" not in answered.headers


@pytest.mark.parametrize(
    "path",
    [
        "../outside0/secret.png",
        "arc/../../outside0/secret.png",
        "/etc/passwd",
        "out.png",
        "folder/secret.png",
        "loop.png",
        "fifo.png",
        "arc",
        "",
        ".",
        "/",
        "..",
        "nothing.png",
        "a.png/x",
        "a\0.png",
        "x" * 5000,
        "http://example.org/a.png",
        3,
        None,
        {"path": "a.png"},
    ],
)
def test_nothing_else_is_served(gallery: Service, path: object) -> None:
    answered = plot(gallery, path)
    assert (answered.status, answered.reason) == (404, "NOT_FOUND")


def test_only_plots_that_a_result_has(gallery: Service) -> None:
    plot(gallery, "a.png")
    browser = Browser(gallery)
    for query in ("pipeline=ui-plots&id=none", "pipeline=ui-plots&id=none&index=7"):
        assert browser.get(f"/ui/api/plot?{query}").status == 404
    for query in ("pipeline=ui-plots", "pipeline=ui-plots&id=a&index=-1", "pipeline=ui-plots&id=a&index=x", "id=a"):
        assert browser.get(f"/ui/api/plot?{query}").status == 400
    assert browser.get("/ui/api/session").json["plots"] is True


def test_without_a_directory_there_are_no_plots(door: Service) -> None:
    refused = Browser(door).get("/ui/api/plot?pipeline=p&id=a")
    assert (refused.status, refused.reason) == (404, "PLOTS_NOT_SERVED")

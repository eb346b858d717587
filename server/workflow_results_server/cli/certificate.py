"""`workflow-results certificate`: a certificate to try TLS with."""

from __future__ import annotations

import ipaddress
import os
import re
import shlex
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE: Final = ("localhost", "127.0.0.1", "::1")
_DAYS: Final = 30
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$)(\*\.)?{_LABEL}(\.{_LABEL})*")


@click.command()
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name or address of the server, in addition to localhost; may be repeated.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="The directory for the files. Default: the current one.",
)
def certificate(hosts: tuple[str, ...], folder: Path) -> None:
    """Create a certificate to try TLS, valid for 30 days.

    Writes ca.pem for clients, and server.pem and server.key for the server; nothing is overwritten. The authority's
    key is discarded, so nobody can create another certificate that the same clients trust. For permanent use, get a
    certificate from an authority that you trust.
    """
    for host in hosts:
        if not (_is_address(host) or _NAME.fullmatch(host)):
            raise click.UsageError(f"--host must be a host name or an IP address, like db1.example.org, not {host!r}")
    try:
        import trustme
    except ImportError as error:
        raise click.ClickException(f"{error}; this needs: pip install 'workflow-results[certificate]'") from error

    until = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=_DAYS)
    names = tuple(dict.fromkeys((*_HERE, *hosts)))
    authority = trustme.CA()
    issued = authority.issue_cert(*names, not_after=until)
    ca, cert, key = files = [folder / name for name in ("ca.pem", "server.pem", "server.key")]
    _write(
        {
            ca: authority.cert_pem.bytes(),
            cert: b"".join(pem.bytes() for pem in issued.cert_chain_pems),
            key: issued.private_key_pem.bytes(),
        }
    )
    click.echo(f"{', '.join(map(click.format_filename, files))}: for {', '.join(names)}")
    click.echo(f"For a trial only: {cert.name} expires at {until:%Y-%m-%d %H:%M} UTC. Start a server, and call it:\n")
    for line in _next_lines(ca, cert, key, hosts):
        click.echo(f"  {line}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a scope is nothing that a certificate could name


def _write(contents: dict[Path, bytes]) -> None:
    """Write new files, all or none of them; keys can be read by their owner alone."""
    made: list[Path] = []
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = 0o600 if path.suffix == ".key" else 0o644
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                made.append(path)
                file.write(content)
    except OSError as error:
        for each in made:
            each.unlink()
        why = "it already exists and is not overwritten" if isinstance(error, FileExistsError) else error.strerror
        named = click.format_filename(error.filename or path)
        raise click.ClickException(f"{named} can't be written: {why}") from error


def _next_lines(ca: Path, cert: Path, key: Path, hosts: tuple[str, ...]) -> Iterator[str]:
    """Return the commands that come next; a server for others than this machine wants tokens, too."""
    tls = f"--tls-cert {_quoted(cert)} --tls-key {_quoted(key)}"
    target = "localhost"
    if hosts:
        tokens = _quoted(ca.with_name("tokens.yml"))
        target = f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0].replace("*", "HOST")
        yield f"export WORKFLOW_RESULTS_TOKEN=$(workflow-results token create me --role admin --tokens {tokens})"
        tls = f"--host 0.0.0.0 {tls} --tokens {tokens}"
    yield f"workflow-results serve {tls}"
    yield f"export WORKFLOW_RESULTS_CA_FILE={_quoted(ca)}"
    yield f"python3 -c 'from workflow_results import Results; print(Results(\"{target}:50051\").info())'"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path.absolute()))

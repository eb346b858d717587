"""`workflow-results serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
from click.types import BoolParamType, FloatParamType, IntParamType

from workflow_results.common.files import parse_yaml, unknown_key

_FILE: Any = click.Path(path_type=Path)


def _read_config(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    """Take the options of a YAML file as defaults, so that arguments and the environment go before them."""
    if path is None:
        return
    try:
        options = parse_yaml(path.read_bytes())
    except OSError as error:
        raise click.BadParameter(f"{path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise click.BadParameter(f"{path} {error}") from error
    known = {parameter.name: parameter for parameter in context.command.params if parameter.name}
    del known["config"]
    if not isinstance(options, dict):
        raise click.BadParameter(f"{path} must contain a mapping with keys from {', '.join(sorted(known))}")
    if problem := unknown_key(options, known):
        raise click.BadParameter(f"{path} {problem}")
    for name, value in options.items():
        repeated = getattr(known[name], "multiple", False)
        values = value if repeated and isinstance(value, list) else [value]
        for each in values:
            if problem := _value_problem(known[name].type, each):
                raise click.BadParameter(f"{path}: {name} {problem}")
        if repeated:
            options[name] = values
    context.default_map = options


def _value_problem(kind: click.ParamType[Any], value: object) -> str | None:
    """Explain what is wrong with the value of an option in a file, which is not shown: it may hold a password.

    A text is read as on the command line; what YAML makes of other values must be what the option is.
    """
    if isinstance(value, str):
        if not value.strip():
            return "is empty: give it a value, or leave it out"
        return None if _is_usable(value) else "contains an invalid character"
    if isinstance(kind, BoolParamType):
        return None if isinstance(value, bool) else "must be true or false"
    if isinstance(kind, IntParamType):
        return None if type(value) is int else "must be a whole number"
    if isinstance(kind, FloatParamType):
        return None if type(value) in (int, float) else "must be a number"
    return "must be a string; quote it if YAML would read it as another type"


def _is_usable(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


class _Serve(click.Command):
    """Refuses empty settings, where click would silently use the default."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for name in (f"{ctx.auto_envvar_prefix}_{parameter.name}".upper() for parameter in self.params):
            if not os.environ.get(name, "given").strip():
                raise click.UsageError(f"the environment variable {name} is empty: give it a value, or unset it", ctx)
        for option, value in zip(["", *args], args, strict=False):
            name, given, inline = value.partition("=")
            if not value.strip() or (given and name.startswith("--") and not inline.strip()):
                raise click.UsageError(
                    f"{name if given else option or 'an argument'} is empty: give it a value, or leave it out", ctx
                )
        return super().parse_args(ctx, args)


@click.command(cls=_Serve)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=50051, show_default=True, help="The port to listen on; 0 for any free port.")
@click.option("--mongo-uri", metavar="URI", help="The MongoDB replica set to use. Default: an embedded one.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the embedded MongoDB keeps its data. Default: workflow-results in $XDG_DATA_HOME or ~/.local/share.",
)
@click.option("--database", default="workflow_results", show_default=True, help="The database of the results.")
@click.option("--workers", default=1, show_default=True, help="The number of processes that answer calls.")
@click.option("--call-seconds", default=60.0, show_default=True, help="The time limit for a call or the next batch.")
@click.option(
    "--drain-seconds", default=30.0, show_default=True, help="The time limit for calls in progress when stopping."
)
@click.option(
    "--connection-seconds",
    default=0.0,
    show_default=True,
    help="The greatest age of a connection, so that clients find added servers; 0 for no limit.",
)
@click.option(
    "--max-connections",
    default=0,
    show_default=True,
    help="The most connections per worker; 0 for as many as its limit of open files allows.",
)
@click.option(
    "--max-pipelines",
    default=0,
    show_default=True,
    help="The most pipelines; 0 for as many as MongoDB's limit of open files allows.",
)
@click.option(
    "--http-port",
    type=int,
    help="Serve HTTP as well: the dashboard at /ui/, and the routes of the old backend; 0 for any free port.",
)
@click.option(
    "--http-allowed-host",
    metavar="NAME",
    multiple=True,
    help="A name by which HTTP clients know this server.",
)
@click.option(
    "--http-cors-origin",
    metavar="ORIGIN",
    multiple=True,
    help="A site whose pages may call, like https://plots.example.org.",
)
@click.option("--http-max-body", default=1024**3, show_default=True, help="The most bytes of an HTTP body.")
@click.option(
    "--http-quarantine",
    is_flag=True,
    help="Put works that are rejected aside, so that their senders don't send them for ever.",
)
@click.option(
    "--plots-root",
    type=_FILE,
    metavar="DIR",
    help="The directory whose PNG, JPEG and WebP files the dashboard shows as plots of results.",
)
@click.option("--metrics-port", type=int, help="Serve metrics for Prometheus at /metrics; 0 for any free port.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="The address on which metrics can be had.")
@click.option(
    "--metrics-pipeline", metavar="PIPELINE", multiple=True, help="A pipeline whose works the metrics count apart."
)
@click.option("--reflection/--no-reflection", default=True, show_default=True, help="Offer gRPC reflection.")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="The server's certificate chain (PEM), for TLS.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The key of that certificate (PEM).")
@click.option(
    "--tls-client-ca", type=_FILE, metavar="FILE", help="Require client certificates from this authority (PEM)."
)
@click.option("--tokens", type=_FILE, metavar="FILE", help="The tokens file; `workflow-results token` creates it.")
@click.option("--insecure", is_flag=True, help="Allow access from other machines without TLS or tokens.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_read_config,
    help="A YAML file with options as keys, like `data_dir: /var/lib/results`.",
)
def serve(data_dir: Path | None, **options: Any) -> None:
    """Start a server.

    Results are stored in an embedded MongoDB in --data-dir, or in the MongoDB of --mongo-uri; the log says where.

    The server prints `listening on HOST:PORT` once it accepts calls, and logs to standard error. On SIGTERM, SIGHUP or
    Ctrl-C it finishes calls in progress and exits with status 0. The status is 1 if it can't start or its embedded
    MongoDB can't be recovered, and 2 if options are wrong.

    Options may also be set in the environment, such as WORKFLOW_RESULTS_SERVE_PORT, or in a file. Arguments take
    precedence over the environment, and the environment over the file.
    """
    try:
        from workflow_results_server.serving import app
        from workflow_results_server.settings import Settings
    except ImportError as error:
        raise click.ClickException(f"{error}; the server needs: pip install 'workflow-results[embedded]'") from error
    if data_dir is not None and options["mongo_uri"] is not None:
        raise click.UsageError("--mongo-uri and --data-dir can't be combined: --data-dir is for the embedded MongoDB")
    sys.exit(app.run(Settings(data_directory=data_dir, **options)))

"""The facade: the 14 methods of `workflow.http.results.Results`, and streams."""

from __future__ import annotations

import platform
from typing import Any

from workflow_results._transport.forks import fork_guard
from workflow_results.reading import Reading
from workflow_results.v1 import results_pb2 as pb
from workflow_results.version import __version__
from workflow_results.writing import Writing


class Results(Reading, Writing):
    """The results of pipelines, on a Workflow Results server.

    Works wherever `workflow.http.results.Results` does, and may be used by several threads. In the child of a fork it
    connects anew by itself. Results always come in descending order of their ids: for ObjectId strings, newest first.

    Every method takes `timeout`: the seconds for the whole call, retries included. It defaults to that of the
    constructor, else to 15 for methods with one answer, and to no end for those that read results. There the service
    bounds the time to the next batch, and what breaks is resumed until nothing has come for 60 seconds, or for the
    timeout of the constructor. Of a service that says nothing at all, a read is given up after 66 seconds, or a tenth
    more than a longer timeout of the constructor; it takes a `timeout` of its own where the service may take longer.

    Every method may raise, besides what it names itself:

    - `InvalidRequestError`: an argument breaks a rule; the message names it.
    - `ServiceUnavailableError`: the service can't be reached, or has lost MongoDB.
    - `DeadlineExceededError`: the call took longer than its timeout, or than the server spends on one.
    - `UnauthenticatedError`, `PermissionDeniedError`: the token or certificate is missing or wrong, or does not allow
      this.
    - `ResultsError`: the parent of all these, and what none of them fits.

    Args:
        baseurl: The target of the service, "host:port". Defaults to the environment variable WORKFLOW_RESULTS_TARGET,
            else `grpc.targets.results` of workflow-core's workspace file, else "localhost:50051".
        token: The access token; "" for none. Defaults to WORKFLOW_RESULTS_TOKEN, else WORKFLOW_TOKEN.
        timeout: Seconds, see above. Defaults to WORKFLOW_RESULTS_TIMEOUT.
        ca_file: The certificates of the authorities to trust (PEM), for TLS. Defaults to WORKFLOW_RESULTS_CA_FILE, else
            to the well-known ones.
        cert_file: A certificate that tells the service who calls (PEM). Defaults to WORKFLOW_RESULTS_CERT_FILE.
        key_file: The key of that certificate (PEM). Defaults to WORKFLOW_RESULTS_KEY_FILE.
        tls: True for TLS, False for plain text, even where that exposes the token. Defaults to TLS where one of the
            files is given.
        strict: Whether conflicts, and results that are locked or missing, raise instead of being answered with False.

    Attributes:
        baseurl (str): The target.
        timeout (float | None): The timeout that was chosen, if any.

    Raises:
        InvalidRequestError: A setting can't be used.

    Example:
        >>> with Results() as results:
        ...     results.deposit([{"pipeline": "sample", "status": "success", "results": {"snr": 12.5}}])
        ...     results.view("sample", {"results.snr": {"$gt": 10}}, {"results.snr": True})
    """

    def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the versions of client, server, API and MongoDB, and the limits of the server.

        Args:
            timeout: Seconds, see the class.

        Returns:
            {"client": {…}, "server": {…}}; limits are in bytes, seconds and characters, as their names say.

        Raises:
            ResultsError: See the class.
        """
        with fork_guard:  # a child forked while another thread imports would wait for the import for ever
            from importlib.metadata import version  # here, since it takes a tenth of the time to import all of this

            versions = {name: version(name) for name in ("grpcio", "protobuf", "pymongo")}
        response = self._channel.unary("Info", pb.InfoRequest(), self._deadline(timeout))
        limits = {field.name: getattr(response.limits, field.name) for field in response.limits.DESCRIPTOR.fields}
        return {
            "client": {
                "version": __version__,
                "target": self.baseurl,
                "timeout": self.timeout,
                "python": platform.python_version(),
                **versions,
            },
            "server": {
                "version": response.server_version,
                "api": response.api_version,
                "mongodb": response.mongodb_version,
                "limits": limits,
            },
        }

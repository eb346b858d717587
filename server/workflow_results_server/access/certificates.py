"""The certificates of a server, which are read again when their files change."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import grpc

from workflow_results.common import pem
from workflow_results_server.access.watched_files import WatchedFiles
from workflow_results_server.settings import SettingsError

if TYPE_CHECKING:
    from workflow_results_server.settings import Settings

_logger = logging.getLogger(__name__)


class Certificates:
    """The files with which a server speaks TLS.

    Args:
        settings: The settings of the server.

    Raises:
        SettingsError: A file can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        assert settings.tls_cert is not None
        assert settings.tls_key is not None
        self._cert, self._key, self._client_ca = settings.tls_cert, settings.tls_key, settings.tls_client_ca
        self._reading = threading.Lock()  # gRPC's threads ask for certificates, one for each handshake
        paths = filter(None, (self._cert, self._key, self._client_ca))
        self._files = WatchedFiles(paths, self._read, "certificates", SettingsError)

    def credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC wants: it asks for certificates at each handshake, so that open connections go on."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self._changed,  # type: ignore[arg-type] # the stub knows nothing of the None that gRPC takes
            require_client_authentication=self._client_ca is not None,
        )

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the certificates if they have changed and can be used; None for those from before."""
        with self._reading:
            if not self._files.refresh():
                return None
            _logger.info("the certificates were reloaded")
            return self._configuration()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        certificate, key, client_ca = self._files.content
        return grpc.ssl_server_certificate_configuration([(key, certificate)], client_ca)

    def _read(self) -> tuple[bytes, bytes, bytes | None]:
        try:
            certificate, key = pem.identity(self._cert, self._key)
        except ValueError as error:
            raise SettingsError(f"--tls-cert and --tls-key {error}") from error
        try:
            return certificate, key, pem.authorities(self._client_ca) if self._client_ca else None
        except ValueError as error:
            raise SettingsError(f"--tls-client-ca {error}") from error

"""The certificates of a server, which are read again when their files change."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import grpc

from workflow_results.common import pem
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
        self._seen = self._state()
        self._used = self._read()

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
            state = self._state()
            if state == self._seen:
                return None
            self._seen = state  # from before the files are read, so that a later change is noticed for certain
            try:
                used = self._read()
            except SettingsError as error:
                _logger.error("%s; the certificates from before stay", error)  # noqa: TRY400 - it says all
                return None
            if used == self._used or self._state() != state:  # being replaced: the next handshake looks again
                return None
            self._used = used
            _logger.info("the certificates are read again")
            return self._configuration()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        certificate, key, client_ca = self._used
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

    def _state(self) -> list[object]:
        states: list[object] = []
        for path in filter(None, (self._cert, self._key, self._client_ca)):
            try:
                state = path.stat()
                states.append((state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino))
            except OSError as error:
                states.append(error.errno)
        return states

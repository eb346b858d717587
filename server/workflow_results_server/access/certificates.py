"""The certificates of a server, which are read again when their files change."""

from __future__ import annotations

import logging
import ssl
import threading
from contextlib import suppress
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
        self._given = self._files.content

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
            self._refresh()
            if self._given is self._files.content:
                return None
            self._given = self._files.content
            return self._configuration()

    def context(self) -> ssl.SSLContext:
        """Return what `ssl` wants, without client certificates: it looks for others at each handshake."""
        loaded = self._files.content
        context = self._context()
        current = context

        def look(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            nonlocal loaded, current
            with self._reading:
                self._refresh()
                if loaded is not self._files.content:
                    with suppress(OSError):  # they are being replaced: the next handshake reads them again
                        current, loaded = self._context(), self._files.content
            connection.context = current

        context.sni_callback = look
        return context

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._cert, self._key)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _refresh(self) -> None:
        if self._files.refresh():
            _logger.info("the certificates were reloaded")

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

"""The server's certificate."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from pathlib import Path

import trustme

__all__ = ["ServerCertificate"]

LIFE = datetime.timedelta(days=30)


class ServerCertificate:
    """A certificate for localhost, 127.0.0.1, ::1 and one more host, from an authority made for it alone.

    Attributes:
        caFile: What a client must trust.
        context: What a server needs.
    """

    def __init__(self, host: str) -> None:
        authority = trustme.CA()
        names = dict.fromkeys(["localhost", "127.0.0.1", "::1", host])
        expires = datetime.datetime.now(datetime.timezone.utc) + LIFE
        issued = authority.issue_cert(*names, not_after=expires)
        self._directory = tempfile.TemporaryDirectory(prefix="genesys-simulator-tls-")
        self.caFile = Path(self._directory.name) / "ca.pem"
        authority.cert_pem.write_to_path(self.caFile)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(self.context)

    def clean(self) -> None:
        """Remove the file."""
        self._directory.cleanup()

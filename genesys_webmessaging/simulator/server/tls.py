"""The server's certificate."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

import trustme
from cryptography import x509

__all__ = ["ServerCertificate"]

LIFE = datetime.timedelta(days=397)  # browsers and Apple's libraries refuse those that live longer
LAST_DAYS = datetime.timedelta(days=7)
SERVICES = ("webmessaging", "api", "api-cdn")


class ServerCertificate:
    """A certificate from an authority that was made for it alone, whose key nobody has any more.

    It is good for 127.0.0.1, ::1, the host that the server listens on, and for localhost, that host and a domain with
    their webmessaging, api and api-cdn hosts.

    Attributes:
        caFile: What a client must trust.
        context: What a server needs.
    """

    def __init__(self, host: str, domain: str | None = None, kept: Path | None = None) -> None:
        """Make a certificate, or read the one that was kept.

        Args:
            host: What the server listens on.
            domain: A domain that clients are pointed at.
            kept: Where `caFile` is to be, and stay; the server's key lies beside it. None: in a directory that
                `clean` removes.
        """
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        if kept is None:
            self._directory = tempfile.TemporaryDirectory(prefix="genesys-simulator-tls-")
            kept = Path(self._directory.name) / "ca.pem"
        self.caFile = kept
        server_file = kept.with_name(f"{kept.stem}-key{kept.suffix}")
        names = _names(host, domain)
        if not (kept.exists() and server_file.exists() and _is_good_for(server_file, names)):
            _make(kept, server_file, names)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(server_file)

    def clean(self) -> None:
        """Remove what was not to be kept."""
        if self._directory is not None:
            self._directory.cleanup()


def _names(host: str, domain: str | None) -> list[str]:
    names, domains = ["127.0.0.1", "::1"], ["localhost", *([domain] if domain else [])]
    try:
        names.append(str(ipaddress.ip_address(host)))
    except ValueError:
        domains.append(host)
    for each in domains:
        names += [each, *(f"{service}.{each}" for service in SERVICES)]
    return list(dict.fromkeys(names))


def _make(ca_file: Path, server_file: Path, names: list[str]) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert(*names, not_after=datetime.datetime.now(datetime.timezone.utc) + LIFE)
    server_file.touch(mode=0o600)
    issued.private_key_and_cert_chain_pem.write_to_path(server_file)
    authority.cert_pem.write_to_path(ca_file)


def _is_good_for(server_file: Path, names: list[str]) -> bool:
    """Whether a kept certificate has these names, and some days to live."""
    certificate = x509.load_pem_x509_certificate(server_file.read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = certificate.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    return lasts > LAST_DAYS and set(names) <= {str(each.value) for each in found}

"""A certificate of our own, made on the fly."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

__all__ = ["SelfSigned"]


class SelfSigned:
    """A self-signed certificate for localhost, 127.0.0.1, ::1 and one more host, in a directory of its own.

    Attributes:
        caFile: What a client must trust.
        context: What a server needs.
    """

    def __init__(self, host: str) -> None:
        key, certificate = _make(host)
        self._directory = tempfile.TemporaryDirectory(prefix="genesys-simulator-tls-")
        self.caFile = Path(self._directory.name) / "certificate.pem"
        key_file = Path(self._directory.name) / "key.pem"
        key_file.touch(mode=0o600)
        key_file.write_bytes(key)
        self.caFile.write_bytes(certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.caFile, key_file)

    def clean(self) -> None:
        """Remove the files."""
        self._directory.cleanup()


def _make(host: str) -> tuple[bytes, bytes]:
    """A private key and a certificate, both PEM."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError as error:
        raise ImportError("for TLS: pip install 'genesys-webmessaging[simulator]'") from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "genesys-webmessaging simulator")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    addresses = ["127.0.0.1", "::1"]
    try:
        addresses.append(str(ipaddress.ip_address(host)))
    except ValueError:
        names.append(x509.DNSName(host))
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in dict.fromkeys(addresses)]
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)

"""TLS without a socket: whom to trust, and bytes in and out of the cipher."""

from __future__ import annotations

import functools
import os
import ssl

from requests.utils import DEFAULT_CA_BUNDLE_PATH

__all__ = ["ClientCertificate", "TlsLayer", "shared_context"]

ClientCertificate = str | os.PathLike[str] | tuple[str, ...]

_FileVersion = tuple[str, int]

_RECORD = 16384  # bytes; the most that one TLS record carries, and about what the buffers of a layer keep for ever


class TlsLayer:
    """The client's end of one TLS connection, fed and emptied by whoever has the socket.

    Not for two threads at once. What one call leaves to be sent has to go out before what the next one leaves.
    """

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._ended = False

    def shake_hands(self, data: bytes) -> bool:
        """Take what has come and go on with the handshake. True when it is through.

        Raises:
            ssl.SSLError: It failed; what is left to be sent tells the server why.
        """
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def decrypt(self, data: bytes) -> bytes:
        """What the server said with this and what came before it; b"" when a record is not whole yet.

        Raises:
            ssl.SSLError: It is not what the server encrypted.
        """
        chunks: list[bytes] = []
        for at in range(0, len(data) or 1, _RECORD):
            self._incoming.write(data[at : at + _RECORD])
            self._collect(chunks)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _collect(self, chunks: list[bytes]) -> None:
        try:
            while not self._ended:
                chunk = self._tls.read(_RECORD)
                self._ended = not chunk
                chunks.append(chunk)
        except ssl.SSLWantReadError:
            return

    @property
    def ended(self) -> bool:
        """Whether the server has said good-bye."""
        return self._ended

    def encrypt(self, data: memoryview) -> int:
        """Encrypt the beginning of this. Returns how many bytes were taken.

        Raises:
            ssl.SSLWantReadError: In the middle of a renegotiation; to be tried again when more has come.
        """
        return self._tls.write(data[:_RECORD])

    def say_goodbye(self) -> None:
        """Leave the alert to be sent that nothing more will come.

        Raises:
            ssl.SSLError: The server has not said so yet, which is usual, or there is something wrong.
        """
        self._tls.unwrap()

    def take_outgoing(self) -> bytes:
        """What is to be sent to the server."""
        return self._outgoing.read()


def shared_context(
    ca_file: str | os.PathLike[str] | None, client_certificate: ClientCertificate | None
) -> ssl.SSLContext:
    """The context of all connections that trust the same and show the same.

    Args:
        ca_file: The certificates to trust (PEM) instead of the system's.
        client_certificate: The path of a certificate with its key (PEM), or (certificate, key[, password]).

    Raises:
        ValueError: A file cannot be read or used.
    """
    return _make_context(_version_of(ca_file), _versions_of(client_certificate))


def _version_of(path: str | os.PathLike[str] | None) -> _FileVersion | None:
    """A path and when it was written: a certificate that is renewed in place is read again."""
    if path is None:
        return None
    try:
        return os.fspath(path), os.stat(path).st_mtime_ns
    except OSError as error:
        raise ValueError(f"{os.fspath(path)} cannot be read: {error.strerror}") from error


def _versions_of(certificate: ClientCertificate | None) -> tuple[_FileVersion | None, _FileVersion | None, str]:
    if certificate is None:
        return None, None, ""
    if not isinstance(certificate, tuple):
        return _version_of(certificate), None, ""
    if not 1 <= len(certificate) <= 3:
        raise ValueError("A client certificate is a path, or (certificate, key), or (certificate, key, password)")
    path, key, password = (*certificate, None, None)[:3]
    return _version_of(path), _version_of(key), password or ""


@functools.lru_cache(maxsize=16)
def _make_context(
    ca_file: _FileVersion | None, client: tuple[_FileVersion | None, _FileVersion | None, str]
) -> ssl.SSLContext:
    """Cached, as it costs 16 ms and 700 KB to make one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    certificate, key, password = client
    try:
        if ca_file is not None:
            context.load_verify_locations(ca_file[0])
        else:
            _trust_the_system(context)
        if certificate is not None:
            # With no password at hand OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate[0], key[0] if key else None, lambda: password)
    except (OSError, ValueError) as error:
        raise ValueError(f"The certificates cannot be used: {error}") from error
    return context


def _trust_the_system(context: ssl.SSLContext) -> None:
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not paths.cafile and not paths.capath:
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)

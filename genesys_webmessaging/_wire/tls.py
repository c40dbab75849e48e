"""TLS without a socket: whom to trust, and bytes in and out of the cipher."""

from __future__ import annotations

import functools
import os
import ssl
import time
import weakref

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from ..exceptions import ConnectError

__all__ = ["ClientCertificate", "TlsLayer", "shared_context"]

ClientCertificate = str | os.PathLike[str] | tuple[str, ...]

# Whoever sets one of these wants it to count: OpenSSL, requests and curl each have their own.
_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_FileVersion = tuple[str, int]
_Client = tuple[_FileVersion | None, _FileVersion | None, str]
_NO_CLIENT: _Client = (None, None, "")

# Seconds after which a certificate is verified again, and its session is not resumed any more.
_VERIFIED_FOR = 300.0
_MAX_SESSIONS = 64

# The contexts made here. Nobody here changes them, so what was verified under one is to be trusted under it later; a
# context that was given may trust others by now. And the session of a whole handshake with a server, and when that was.
_own_contexts: weakref.WeakSet[ssl.SSLContext] = weakref.WeakSet()
_sessions: dict[tuple[ssl.SSLContext, str], tuple[ssl.SSLSession, float]] = {}

_RECORD = 16384  # bytes; the most that one TLS record carries, and about what the buffers of a layer keep for ever


class TlsLayer:
    """The client's end of one TLS connection, fed and emptied by whoever has the socket.

    Not for two threads at once. What one call leaves to be sent has to go out before what the next one leaves.

    Args:
        context: Whom to trust, and what to show.
        server_name: Whom the certificate must be for.
        outer: The layer around this one, which carries its records: that of a proxy behind TLS.
    """

    def __init__(self, context: ssl.SSLContext, server_name: str, outer: TlsLayer | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._server = (context, server_name)
        session, verified_at = _sessions.get(self._server, (None, 0.0))
        if time.monotonic() > verified_at + _VERIFIED_FOR:
            session = None
            self.forget_session()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name, session=session)
        self._outer = outer
        self._ended = False
        self._failure: ssl.SSLError | None = None

    def do_handshake(self, data: bytes) -> bool:
        """Take what has come, out of the outer layer if there is one, and go on. True when the handshake is through.

        Raises:
            ssl.SSLError: It failed; what is left to be sent tells the server why.
        """
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def forget_session(self) -> None:
        """Let the next connection to this server make a whole handshake."""
        _sessions.pop(self._server, None)

    def keep_session(self) -> None:
        """Let later connections to this server resume the session, which costs half a handshake.

        To be called when the server has said something: its ticket comes after the handshake.
        """
        context = self._server[0]
        verified = context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED
        if context not in _own_contexts or not verified or self._tls.session_reused:
            return
        session = self._tls.session
        if session is not None and session.has_ticket:
            if len(_sessions) >= _MAX_SESSIONS:
                _sessions.clear()
            _sessions[self._server] = session, time.monotonic()

    def decrypt(self, data: bytes) -> bytes:
        """What the server said with this and what came before it; b"" when a record is not whole yet.

        Raises:
            ssl.SSLError: It is not what the server encrypted. What was good before it has been returned.
        """
        if self._failure is not None:
            raise self._failure
        if self._outer is not None:
            data = self._outer.decrypt(data)
        chunks: list[bytes] = []
        try:
            for at in range(0, len(data) or 1, _RECORD):
                self._incoming.write(data[at : at + _RECORD])
                self._collect(chunks)
        except ssl.SSLError as error:
            if not any(chunks):
                raise
            self._failure = error
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
        return self._ended or (self._outer is not None and self._outer.ended)

    @property
    def failed(self) -> bool:
        """Whether decrypting will raise, whatever comes."""
        return self._failure is not None or (self._outer is not None and self._outer.failed)

    def encrypt(self, data: memoryview) -> int:
        """Encrypt the beginning of this. Returns how many bytes were taken.

        Raises:
            ssl.SSLWantReadError: In the middle of a renegotiation; to be tried again when more has come.
        """
        return self._tls.write(data[:_RECORD])

    def send_close_notify(self) -> None:
        """Leave the alert to be sent that nothing more will come.

        Raises:
            ssl.SSLError: The server has not said so yet, which is usual, or there is something wrong.
        """
        try:
            self._tls.unwrap()
        finally:
            if self._outer is not None:
                self._outer.carry(self._outgoing.read())
                self._outer.send_close_notify()

    def take_outgoing(self) -> bytes:
        """What is to be sent to the server."""
        records = self._outgoing.read()
        if self._outer is None:
            return records
        self._outer.carry(records)
        return self._outer.take_outgoing()

    def carry(self, records: bytes) -> None:
        """Encrypt all of what an inner layer sends."""
        rest = memoryview(records)
        while rest:
            rest = rest[self.encrypt(rest) :]


def shared_context(
    ca_file: str | os.PathLike[str] | None = None,
    client_certificate: ClientCertificate | None = None,
    *,
    trust_env: bool = True,
) -> ssl.SSLContext:
    """The context of everything that trusts the same and shows the same: WebSockets, REST, uploads and downloads.

    Args:
        ca_file: The certificates to trust (PEM, a file or a directory). If None, those that SSL_CERT_FILE,
            REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE name, all that are set; if none is, the system's, and certifi's only
            on a system that has none.
        client_certificate: The path of a certificate with its key (PEM), or (certificate, key[, password]).
        trust_env: Whether the environment counts.

    Raises:
        ValueError: A file that was given cannot be read or used.
        ConnectError: One that the environment names cannot.
    """
    shown = _versions_of(client_certificate)
    if ca_file is not None:
        return _make_context(ssl.SSLContext, (_version_of(ca_file),), shown)
    named = {name: os.environ[name] for name in _BUNDLE_VARIABLES if os.environ.get(name)} if trust_env else {}
    try:
        trusted = tuple(_version_of(path) for path in dict.fromkeys(named.values()))
        context = _make_context(ssl.SSLContext, trusted, _NO_CLIENT)
    except ValueError as error:
        raise ConnectError(f"The certificates named by {' and '.join(named)} cannot be used: {error}") from error
    return context if shown == _NO_CLIENT else _make_context(ssl.SSLContext, trusted, shown)


def _version_of(path: str | os.PathLike[str]) -> _FileVersion:
    """A path and when it was written: a certificate that is renewed in place is read again."""
    try:
        return os.fspath(path), os.stat(path).st_mtime_ns
    except OSError as error:
        raise ValueError(f"{os.fspath(path)} cannot be read: {error.strerror}") from error


def _versions_of(certificate: ClientCertificate | None) -> _Client:
    if certificate is None:
        return _NO_CLIENT
    if not isinstance(certificate, tuple):
        return _version_of(certificate), None, ""
    if not 1 <= len(certificate) <= 3:
        raise ValueError("A client certificate is a path, or (certificate, key), or (certificate, key, password)")
    path, *rest = certificate
    key, password = (*rest, "", "")[:2]
    return _version_of(path), _version_of(key) if key else None, password


@functools.lru_cache(maxsize=16)
def _make_context(kind: type[ssl.SSLContext], trusted: tuple[_FileVersion, ...], client: _Client) -> ssl.SSLContext:
    """Cached, as it costs 16 ms and 700 KB to make one; for each kind, as ``truststore`` puts its own in its place."""
    context = kind(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    certificate, key, password = client
    try:
        for path, _ in trusted:
            is_directory = os.path.isdir(path)
            context.load_verify_locations(None if is_directory else path, path if is_directory else None)
        if not trusted:
            _trust_the_system(context)
        if certificate is not None:
            # With no password at hand OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate[0], key[0] if key else None, lambda: password)
    except (OSError, ValueError) as error:
        raise ValueError(f"The certificates cannot be used: {error}") from error
    if type(context).__module__ == "ssl":  # else truststore's, which verifies after the handshake
        _own_contexts.add(context)
    return context


def _trust_the_system(context: ssl.SSLContext) -> None:
    if type(context).__module__ != "ssl":
        return  # truststore's, which asks the system at each handshake
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not paths.cafile and not paths.capath:
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)

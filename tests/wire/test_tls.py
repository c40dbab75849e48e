"""TLS: whom a connection trusts, and what it shows."""

from __future__ import annotations

import os
import queue
import shutil
import socket
import ssl
import threading
import warnings
from pathlib import Path

import pytest
import trustme
import truststore
from _certificates import Certificate, certificate
from _connection_recorder import connected
from _raw_peer import RawPeer, Wire, echo, text

from genesys_webmessaging._wire import tls
from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.connection import Ending
from genesys_webmessaging._wire.tls import shared_context
from genesys_webmessaging.exceptions import ConnectError

SECRET = "s3cret-pass"


@pytest.fixture(autouse=True)
def no_certificates_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_tls_works_with_a_ca_file_and_does_not_without(pki: Certificate):
    with RawPeer(echo, pki.server) as peer, connected(peer, ca_file=str(pki.ca_file)) as (connection, ear):
        connection.send("hello")
        assert ear.wait_for_texts(1) == ["hello"]
        connection.close()
        assert ear.endings[0].code == 1000


def refused_by_client(pki: Certificate) -> RawPeer:
    """A server behind TLS whose client is expected to break off the TLS handshake."""

    def script(wire: Wire) -> None:
        with pytest.raises(ssl.SSLError):
            pki.server.wrap_socket(wire.sock, server_side=True)

    return RawPeer(script)


def test_an_unknown_authority_is_refused(pki: Certificate):
    with refused_by_client(pki) as peer, pytest.raises(ConnectError, match="the certificate was refused"):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", trust_env=False)


def test_a_certificate_for_another_host_is_refused(pki: Certificate):
    with refused_by_client(pki) as peer, pytest.raises(ConnectError, match="the certificate was refused"):
        open_connection(f"wss://localhost:{peer.port}/v1", ca_file=str(pki.ca_file), trust_env=False)


def resumed(pki: Certificate, connections: int, **trust: object) -> list[bool]:
    """Of so many connections, one after the other: whether the TLS session was that of an earlier one."""
    seen: list[bool] = []

    def script(wire: Wire) -> None:
        assert isinstance(wire.sock, ssl.SSLSocket)
        seen.append(bool(wire.sock.session_reused))
        echo(wire)

    with RawPeer(script, pki.server) as peer:
        for _ in range(connections):
            with connected(peer, **trust) as (connection, ear):
                connection.send("hello")
                assert ear.wait_for_texts(1) == ["hello"]
                connection.close()
    return seen


@pytest.fixture
def new_ca_file(pki: Certificate, tmp_path: Path) -> str:
    """Whom to trust, for a context that no other test has used."""
    return shutil.copy(str(pki.ca_file), str(tmp_path))


def test_a_session_is_resumed(pki: Certificate, new_ca_file: str):
    assert resumed(pki, 3, ca_file=new_ca_file) == [False, True, True]


def test_a_session_is_not_resumed_when_it_is_old(pki: Certificate, new_ca_file: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tls, "_VERIFIED_FOR", 0.0)
    assert resumed(pki, 2, ca_file=new_ca_file) == [False, False]


def test_a_session_of_a_given_context_is_not_resumed_as_it_may_trust_others_by_now(pki: Certificate):
    context = ssl.create_default_context(cafile=str(pki.ca_file))
    assert resumed(pki, 2, ssl_context=context) == [False, False]


def test_a_session_that_was_not_verified_is_not_kept(pki: Certificate, new_ca_file: str):
    shared_context(new_ca_file).check_hostname = False
    assert resumed(pki, 2, ca_file=new_ca_file) == [False, False]


def test_a_session_that_was_offered_to_a_server_that_hung_up_is_forgotten(pki: Certificate, new_ca_file: str):
    assert resumed(pki, 1, ca_file=new_ca_file) == [False]
    assert resumed(pki, 1, ca_file=new_ca_file) == [True]
    with RawPeer(lambda wire: wire.sock.close()) as peer, pytest.raises(ConnectError):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", ca_file=new_ca_file, trust_env=False)
    assert resumed(pki, 1, ca_file=new_ca_file) == [False]


def test_a_session_is_not_resumed_under_another_name(pki: Certificate, new_ca_file: str):
    resumed(pki, 1, ca_file=new_ca_file)
    with refused_by_client(pki) as peer, pytest.raises(ConnectError, match="the certificate was refused"):
        open_connection(f"wss://localhost:{peer.port}/v1", ca_file=new_ca_file, trust_env=False)


def test_an_own_context_is_used_as_it_is(pki: Certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with RawPeer(echo, pki.server) as peer, connected(peer, ssl_context=context) as (connection, ear):
        connection.send("hello")
        ear.wait_for_texts(1)
    assert context.verify_mode is ssl.CERT_NONE


def test_tls_below_1_2_is_refused(pki: Certificate):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(pki.ca_file.with_name("server.pem"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT@SECLEVEL=0")

    def script(wire: Wire) -> None:
        with pytest.raises(ssl.SSLError):
            old.wrap_socket(wire.sock, server_side=True)

    with RawPeer(script) as peer, pytest.raises(ConnectError, match="TLS handshake"):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", ca_file=str(pki.ca_file), trust_env=False)


def test_a_client_certificate_is_shown(pki: Certificate):
    pair = pki.ca_file.with_name("server.pem")
    demanding = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    demanding.load_cert_chain(pair)
    demanding.load_verify_locations(pki.ca_file)
    demanding.verify_mode = ssl.CERT_REQUIRED
    subjects: list[object] = []

    def script(wire: Wire) -> None:
        assert isinstance(wire.sock, ssl.SSLSocket)
        subjects.append(wire.sock.getpeercert())
        echo(wire)

    with RawPeer(script, demanding) as peer:
        for form in (pair, (str(pair),), (str(pair), str(pair)), (str(pair), str(pair), "no password needed")):
            open_connection(peer.url, client_certificate=form, ca_file=str(pki.ca_file), trust_env=False).close()
    assert len(subjects) == 4
    assert all(subjects)


def test_an_encrypted_key_is_opened_by_its_password_and_never_asked_for(pki: Certificate, tmp_path: Path):
    from cryptography.hazmat.primitives import serialization

    plain = pki.ca_file.with_name("server.pem").read_bytes()
    key = serialization.load_pem_private_key(plain, None)
    locked = tmp_path / "locked.pem"
    encryption = serialization.BestAvailableEncryption(SECRET.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    locked.write_bytes(pem + plain[plain.index(b"-----BEGIN CERTIFICATE") :])
    with RawPeer(echo, pki.server) as peer:
        right = (str(locked), str(locked), SECRET)
        open_connection(peer.url, client_certificate=right, ca_file=str(pki.ca_file), trust_env=False).close()
        for wrong in (str(locked), (str(locked), str(locked), "wrong")):
            with pytest.raises(ValueError, match="certificates cannot be used"):
                open_connection(peer.url, client_certificate=wrong, ca_file=str(pki.ca_file), trust_env=False)


def test_certificates_that_cannot_be_read_are_value_errors(tmp_path: Path):
    with pytest.raises(ValueError, match=r"nothing\.pem cannot be read"):
        open_connection("wss://127.0.0.1:9/", ca_file=str(tmp_path / "nothing.pem"))
    (tmp_path / "rubbish.pem").write_text("rubbish")
    with pytest.raises(ValueError, match="certificates cannot be used"):
        open_connection("wss://127.0.0.1:9/", ca_file=str(tmp_path / "rubbish.pem"))
    with pytest.raises(ValueError, match="not both"):
        open_connection("wss://127.0.0.1:9/", ssl_context=ssl.create_default_context(), ca_file="x")


def test_what_trusts_the_same_shares_one_context_until_the_file_changes(pki: Certificate, tmp_path: Path):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(pki.ca_file.read_bytes())
    first = shared_context(ca_file)
    assert shared_context(str(ca_file)) is first
    assert (first.verify_mode, first.check_hostname) == (ssl.CERT_REQUIRED, True)
    os.utime(ca_file, (1, 1))
    assert shared_context(ca_file) is not first


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_whom_to_trust(variable: str, pki: Certificate, monkeypatch: pytest.MonkeyPatch):
    with RawPeer(echo, pki.server) as peer:
        monkeypatch.setenv(variable, str(pki.ca_file))
        open_connection(peer.url).close()


def test_all_that_the_environment_names_is_trusted_and_an_argument_goes_before_it(
    pki: Certificate, monkeypatch: pytest.MonkeyPatch
):
    other = certificate()
    monkeypatch.setenv("CURL_CA_BUNDLE", str(other.ca_file))
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.ca_file))
    for each in (pki, other):
        with RawPeer(echo, each.server) as peer:
            open_connection(peer.url).close()
    with refused_by_client(pki) as peer, pytest.raises(ConnectError, match="certificate was refused"):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", ca_file=str(other.ca_file))


def test_whom_to_trust_may_be_a_directory(pki: Certificate, tmp_path: Path):
    """An empty one here, as what is in it has to be named by OpenSSL's hash: it is taken, and nobody is trusted."""
    with refused_by_client(pki) as peer, pytest.raises(ConnectError, match="certificate was refused"):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", ca_file=str(tmp_path), trust_env=False)


@pytest.mark.parametrize("content", [None, "rubbish"])
def test_what_the_environment_names_wrongly_is_a_connect_error_that_names_the_variable(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with pytest.raises(ConnectError, match="REQUESTS_CA_BUNDLE"):
        open_connection("wss://127.0.0.1:9/")


def test_truststore_may_take_the_place_of_the_systems_context(pki: Certificate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.ca_file))
    with RawPeer(echo, pki.server) as peer, refused_by_client(pki) as other:
        open_connection(peer.url).close()
        truststore.inject_into_ssl()
        try:
            open_connection(peer.url).close()
            assert isinstance(shared_context(), truststore.SSLContext)
            monkeypatch.delenv("SSL_CERT_FILE")
            with pytest.raises(ConnectError, match="certificate was refused"):
                open_connection(f"wss://127.0.0.1:{other.port}/v1")
        finally:
            truststore.extract_from_ssl()


def test_an_absolute_name_is_looked_up_with_its_dot_and_verified_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.example").configure_cert(server)
    names: list[str] = []

    def resolve(host: str, *_: object) -> list[object]:
        names.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", peer.port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with RawPeer(echo, server) as peer:
        url = f"wss://shop.example.:{peer.port}/v1"
        open_connection(url, ca_file=str(tmp_path / "ca.pem"), trust_env=False).close()
    assert names == ["shop.example."]


def test_what_came_before_a_broken_record_is_delivered(pki: Certificate):
    """The reader is held up meanwhile, so that both are in one read."""
    reading, sent = threading.Event(), threading.Event()
    heard: list[str] = []
    endings: queue.SimpleQueue[Ending] = queue.SimpleQueue()

    def script(wire: Wire) -> None:
        wire.accept(then=text("first"))
        assert reading.wait(10)
        wire.send(text("second"))
        os.write(wire.sock.fileno(), b"\x17\x03\x03\x00\x20" + b"no record of TLS" * 2)
        sent.set()
        wire.read_to_end()

    def on_texts(texts: list[str]) -> None:
        heard.extend(texts)
        reading.set()
        assert sent.wait(10)

    with RawPeer(script, pki.server) as peer:
        open_connection(peer.url, ca_file=str(pki.ca_file), trust_env=False).start(on_texts, endings.put)
        ending = endings.get(timeout=10)
    assert heard == ["first", "second"]
    assert ending.code is None
    assert "decryption failed" in ending.reason

"""A certificate authority for one test, and what it signed for 127.0.0.1."""

from __future__ import annotations

import atexit
import shutil
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass
class Certificate:
    """Both ends of a TLS connection to 127.0.0.1: the server's context, and the client's that trusts it."""

    ca_file: Path
    server: ssl.SSLContext
    client: ssl.SSLContext


def certificate() -> Certificate:
    """Make a certificate that only this one's ``ca_file`` verifies; key and certificate lie beside it, server.pem."""
    authority = trustme.CA()
    directory = Path(tempfile.mkdtemp(prefix="certificates-"))
    atexit.register(shutil.rmtree, directory)
    ca_file = directory / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(directory / "server.pem")
    issued.configure_cert(server)
    return Certificate(ca_file, server, ssl.create_default_context(cafile=str(ca_file)))

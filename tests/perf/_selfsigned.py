"""A certificate for localhost, for the measurements over TLS."""

from __future__ import annotations

from pathlib import Path

import trustme


def certificate(folder: str) -> tuple[str, str]:
    """Write certificate and key into a folder, and return their paths; the first is also what to trust."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    paths = (str(Path(folder) / "certificate.pem"), str(Path(folder) / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(paths[0])
    authority.cert_pem.write_to_path(paths[0], append=True)
    issued.private_key_pem.write_to_path(paths[1])
    return paths

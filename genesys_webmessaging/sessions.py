"""Steps in the life of a session that take more than one frame; and its token, kept between runs."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ._core.engine import ANSWER_TIMEOUT
from .client import WebMessagingClient
from .models import SessionResponse

__all__ = ["TokenStore", "clearConversation", "closeSession", "startNewChat"]


def closeSession(client: WebMessagingClient, timeout: float = ANSWER_TIMEOUT) -> SessionResponse:
    """End the session, on all its connections. They stay open, and its token may begin a new one.

    Args:
        client: Connected, its session configured.
        timeout: Seconds.

    Returns:
        The server's answer; ``connected`` is false, ``readOnly`` true.

    Raises:
        RequestError: The server refused.
        ResponseTimeoutError: It did not answer in time.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no such session, or not any more.
    """
    return client._engine.close_session(timeout)


def startNewChat(
    client: WebMessagingClient, deploymentId: str | None = None, timeout: float = ANSWER_TIMEOUT
) -> SessionResponse:
    """Begin afresh where a session has become read-only: close it, and make a new one of the same token.

    For a guest who has not signed in; one who has uses
    :meth:`~genesys_webmessaging.AuthenticatedSession.startNewChat`.

    Args:
        client: Connected, its session configured.
        deploymentId: The deployment of the new session; that of the session there is if None.
        timeout: Seconds that both steps together may take.

    Returns:
        The answer for the new session.

    Raises:
        RequestError: The server refused.
        ResponseTimeoutError: It did not answer in time.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no session to end, or not any more.
    """
    return client._engine.start_new_chat(deploymentId, timeout)


def clearConversation(client: WebMessagingClient, timeout: float = ANSWER_TIMEOUT) -> None:
    """Clear the conversation for good, and wait until it is. The client is disconnected afterwards.

    The same token may then begin a new session, on a new connection.

    Args:
        client: Connected, its session configured.
        timeout: Seconds until the server has confirmed it.

    Raises:
        RequestError: The server refused.
        ResponseTimeoutError: The server did not confirm it in time.
        NotConnectedError, NotConfiguredError, ConnectionClosedError: There is no session, or not any more.
    """
    client._engine.clear_conversation(timeout)


def configure_and_wait(
    client: WebMessagingClient, configure: Callable[[], str | SessionResponse], timeout: float
) -> SessionResponse:
    """Configure a session, and wait until there is one. Every call that does so stands on this one.

    Args:
        client: Connected.
        configure: Sends the request and returns its tracing id; or waits for the answer itself and returns it.
        timeout: Seconds.

    Raises:
        RequestError: The server refused, or answered that there is no session.
        ResponseTimeoutError: It did not answer in time.
        ConnectionClosedError: The connection ended first.
    """
    return client._engine.configured(configure, timeout)


# Seconds to wait for another process that writes the file.
_LOCKED_FOR = 10.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class TokenStore:
    """Remembers the token of each deployment's session.

    The file is replaced as a whole, so that one that was interrupted leaves the old one. Tokens are secrets: where
    the system knows of owners, a file that others may read or write is refused.

    Args:
        path: The file; it and its directory are made when first needed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def __repr__(self) -> str:
        return f"TokenStore({str(self._path)!r})"

    def get(self, address: str, deployment_id: str) -> str | None:
        """The token that was kept for a deployment, None if there is none.

        Raises:
            PermissionError: Others may read or write the file.
            ValueError: The file is not one of these.
            OSError: It cannot be read.
        """
        token = self._read().get(_key(address, deployment_id))
        if token is not None and not isinstance(token, str):
            raise ValueError(f"{self._path} holds a token that is not text")
        return token

    def put(self, address: str, deployment_id: str, token: str) -> None:
        """Keep a token. Raises what :meth:`get` raises, and TimeoutError when others keep the file for 10 seconds."""
        with self._locked():
            tokens = self._read()
            if tokens.get(_key(address, deployment_id)) != token:
                self._write({**tokens, _key(address, deployment_id): token})

    def forget(self, address: str, deployment_id: str) -> None:
        """Keep the token no longer. Raises what :meth:`put` raises."""
        with self._locked():
            tokens = self._read()
            if tokens.pop(_key(address, deployment_id), None) is not None:
                self._write(tokens)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Within: no other thread or process changes the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # It loads asyncio: a tenth of what importing the client takes, and most programs keep no tokens in a file.
        from filelock import FileLock, Timeout

        lock = FileLock(self._path.with_name(f".{self._path.name}.lock"), mode=0o600)
        try:
            lock.acquire(timeout=_LOCKED_FOR)
        except Timeout as error:
            raise TimeoutError(f"{self._path} is being written by another process") from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> dict[str, Any]:
        try:
            with open(self._path, encoding="utf-8") as file:
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                    raise PermissionError(f"{self._path} holds tokens, but others may read or write it: chmod 600")
                tokens = json.load(file)
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(f"{self._path} is not a file of tokens") from error
        if not isinstance(tokens, dict):
            raise ValueError(f"{self._path} is not a file of tokens")  # noqa: TRY004 - the file is wrong, not an argument
        return tokens

    def _write(self, tokens: dict[str, Any]) -> None:
        # mkstemp makes files that only their owner may read.
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name, suffix=".new")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(tokens, file, indent=1)
            os.replace(name, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _key(address: str, deployment_id: str) -> str:
    return f"{address} {deployment_id}"

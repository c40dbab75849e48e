"""Requests about the session itself."""

from __future__ import annotations

from ...exceptions import ErrorCode
from ..state.deployment import Deployment
from ..state.identities import Identity
from ..state.session import Message, Peer, Session, SessionState
from ..state.world import World
from . import frames
from .frames import connection_closed, envelope, session_response
from .request import Refusal, Request, within

__all__ = [
    "close",
    "configuration",
    "configure",
    "configure_authenticated",
    "jwt",
    "live_session",
]


def live_session(request: Request) -> Session:
    """The session a request is about, if it is configured on this connection and not expired."""
    session = request.peer.session
    if session is None:
        raise Refusal(ErrorCode.SESSION_NOT_FOUND, "Session not found: configureSession must come first")
    if request.text("token") != session.token:
        raise Refusal(
            ErrorCode.SESSION_NOT_FOUND, "Session not found: this connection was configured with another token"
        )
    if session.expired:
        raise Refusal(ErrorCode.SESSION_EXPIRED, "Session expired")
    return session


def configure(world: World, request: Request) -> None:
    """Resume the session of a token, or make one."""
    deployment = _deployment(world, request)
    token = request.text("token")
    known = world.sessions.get((deployment.id, token))
    if known is not None and known.identity is not None:
        raise Refusal(
            ErrorCode.CANNOT_DOWNGRADE_SESSION, "Cannot downgrade an authenticated session to a guest session"
        )
    if known is not None:
        within(known.rates, "configures")
    resumed = _resumable(known, request)
    session = resumed or world.newSession(token, deployment)
    _enter(world, request, session, newSession=resumed is None)


def configure_authenticated(world: World, request: Request) -> None:
    """The same for somebody who has signed in; on a guest's own open session it is a step-up."""
    deployment = _deployment(world, request)
    token = request.text("token")
    identity = _identity(world, deployment, request)
    known = world.sessions.get((deployment.id, token))
    if known is not None:
        within(known.rates, "configures")
    if known is not None and known.identity is None and known.state is SessionState.OPEN and not known.expired:
        _step_up(world, request, known, identity)
        return
    belongs = known is not None and known.identity == identity and known.state is not SessionState.LOGGED_OUT
    resumed = _resumable(known, request) if belongs else None
    session = resumed or world.newSession(token, deployment)
    _adopt_identity(session, identity)
    _enter(world, request, session, newSession=resumed is None)


def close(world: World, request: Request) -> None:  # noqa: ARG001 - every handler takes both
    """Make the session read-only for good; the socket that asked may go on with a new one."""
    session = live_session(request)
    session.state = SessionState.CLOSED
    if request.flag("closeAllConnections"):
        for other in [peer for peer in session.connections if peer is not request.peer]:
            _disconnect_guest(session, other, None)
    request.peer.deliver(session_response(session, connected=False, tracingId=request.tracingId))


def configuration(world: World, request: Request) -> None:
    """What a deployment allows, also before any session."""
    deployment = _deployment(world, request)
    body = {
        "allowedMedia": deployment.allowedMedia(),
        "blockedExtensions": list(deployment.blockedExtensions),
        "maxCustomDataBytes": deployment.maxCustomDataBytes,
        "messageRoutingEnabled": True,
        "sessionDurationSeconds": deployment.sessionSeconds,
    }
    request.peer.deliver(envelope("GetConfigurationResponse", body, tracingId=request.tracingId))


def jwt(world: World, request: Request) -> None:
    """A jwt for the history."""
    issued = world.issueSessionJwt(live_session(request))
    body = {"jwt": issued.text, "exp": int(issued.expiresAt)}
    request.peer.deliver(envelope("JwtResponse", body, tracingId=request.tracingId))


def _deployment(world: World, request: Request) -> Deployment:
    deployment = world.deployments.get(request.text("deploymentId"))
    if deployment is None or not deployment.active:
        raise Refusal(ErrorCode.BAD_REQUEST, "Unknown deployment")
    if deployment is not request.peer.deployment:
        raise Refusal(ErrorCode.BAD_REQUEST, "The deployment is not the one this connection was opened for")
    return deployment


def _resumable(known: Session | None, request: Request) -> Session | None:
    if known is None or request.flag("startNew") or known.expired:
        return None
    return known


def _identity(world: World, deployment: Deployment, request: Request) -> Identity:
    if not deployment.authEnabled:
        raise Refusal(ErrorCode.FORBIDDEN, "Authentication is not enabled for this deployment")
    data = Request(request.peer, request.object("data"))
    code = data.text("code")
    jwt = world.identities.jwts.get(code)
    if jwt is not None and jwt.identity is not None:
        if world.identities.expired(jwt):
            raise Refusal(ErrorCode.UNAUTHORIZED, "The jwt has expired")
        return jwt.identity
    grant = None if code.count(".") == 2 else world.identities.grantFor(code)
    if grant is None:
        raise Refusal(ErrorCode.FORBIDDEN, "Session authentication failed")
    return grant.identity


def _adopt_identity(session: Session, identity: Identity) -> None:
    session.identity = identity
    session.conversation.guest.firstName = identity.firstName
    session.conversation.guest.lastName = identity.lastName


def _step_up(world: World, request: Request, session: Session, identity: Identity) -> None:
    if not session.deployment.stepUpAllowed:
        raise Refusal(ErrorCode.FORBIDDEN, "Session upgrade is not enabled for this deployment")
    others = [other for other in world.sessionsOf(identity) if other.deployment is session.deployment]
    for other in others:
        for peer in list(other.connections):
            _disconnect_guest(other, peer, "signedIn")
        world.end(other)
    _adopt_identity(session, identity)
    conversation = session.conversation
    signed_in = Message(
        type="Event",
        sender=conversation.guest,
        time=conversation.nextTime(),
        events=[{"eventType": "Presence", "presence": {"type": "SignIn"}}],
    )
    session.attach(request.peer)
    frames.post(session, signed_in)
    _enter(world, request, session, clearedExistingSession=bool(others))


def _enter(
    world: World,
    request: Request,
    session: Session,
    *,
    newSession: bool = False,
    clearedExistingSession: bool = False,
) -> None:
    session.attach(request.peer)
    if "journeyContext" in request.fields:
        session.journeyContext = request.object("journeyContext")
    while len(session.connections) > session.deployment.maxConnections:
        _disconnect_guest(session, session.connections[0], None)
    request.peer.deliver(
        session_response(
            session,
            newSession=newSession,
            clearedExistingSession=clearedExistingSession,
            tracingId=request.tracingId,
        )
    )
    frames.watch_expiry(world, session)
    for observer in list(world.observers):
        observer.guestArrived(session)


def _disconnect_guest(session: Session, peer: Peer, reason: str | None) -> None:
    session.detach(peer)
    peer.deliver(connection_closed(reason))
    peer.finish(1000, "")

"""A guest who has signed in: the code of the sign-in page becomes a session that is theirs on every device."""

import os

from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging.auth import AuthenticatedSession

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

# What your identity provider gave your page, after the customer had signed in there.
CODE = os.environ["GENESYS_OAUTH_CODE"]
REDIRECT_URI = os.environ.get("GENESYS_REDIRECT_URI", ORIGIN)
CODE_VERIFIER = os.environ.get("GENESYS_CODE_VERIFIER")  # with PKCE only

with WebMessagingClient(PLACE) as client, client.apiClient:
    # Exchanges the code for a jwt, and renews it when the server refuses it.
    session = AuthenticatedSession.withCode(client, DEPLOYMENT, ORIGIN, CODE, REDIRECT_URI, CODE_VERIFIER)
    client.connect(DEPLOYMENT, ORIGIN)
    session.configure()
    print("signed in")
    client.awaitResponse(client.sendMessage("It is me"), timeout=10)
    session.logout()
    print("signed out, on every device")

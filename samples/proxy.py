"""Through a proxy, with certificates and time limits of one's own, for the socket and for the REST calls."""

import os

from genesys_webmessaging import ApiClient, RetryConfiguration, WebMessagingClient

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

# Without these, HTTPS_PROXY and NO_PROXY of the environment count, and the system's certificates.
network = {
    "proxy": os.environ.get("GENESYS_PROXY"),  # "http://user:password@proxy.example:8080"
    "caFile": os.environ.get("GENESYS_CA_FILE"),
}

with WebMessagingClient(PLACE) as client:
    api = ApiClient(
        client.address,
        defaultHeaders={"Origin": ORIGIN},
        connectionTimeout=5,
        readTimeout=20,
        retryConfiguration=RetryConfiguration(maxRetryTimeSec=30),
        **network,
    )
    with api:
        client.setApiClient(api)
        client.connect(DEPLOYMENT, ORIGIN, 10, **network)
        client.awaitResponse(client.configureSession(DEPLOYMENT, ORIGIN), timeout=10)
        client.awaitResponse(client.sendMessage("Hello through the proxy"), timeout=10)
        print([message.text for message in client.getHistory().entities if message.direction == "Inbound"])

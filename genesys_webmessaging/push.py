"""Devices that are told of messages while nobody is connected."""

from __future__ import annotations

from dataclasses import dataclass

from ._base import checks as _checks
from .exceptions import ApiError
from .models._base import WireEnum, WireModel, wire
from .rest import ApiClient

__all__ = ["PushDevice", "PushDevices", "PushErrorCode"]

_PATH = "/api/v2/webmessaging/deployments/{deploymentId}/pushdevices/{token}"


class PushErrorCode(WireEnum):
    """Why the server refuses a device; found in ``ApiError.errorBody.code``."""

    DEVICE_NOT_FOUND = "device.not.found"
    DEVICE_REGISTRATION_FAILURE = "device.registration.failure"
    DEVICE_UPDATE_FAILURE = "device.update.failure"
    DEVICE_DELETE_FAILURE = "device.delete.failure"
    DEVICE_ALREADY_REGISTERED = "device.already.registered"
    CONTACTS_STITCHING_ERROR = "contacts.stitching.error"
    FEATURE_TOGGLE_DISABLED = "feature.toggle.disabled"
    TOO_MANY_REQUESTS = "too.many.requests.retry.after"
    IDENTITY_RESOLUTION_DISABLED = "identity.resolution.disabled"
    REQUIRED_FIELDS_MISSING = "required.fields.missing"
    UPDATE_FIELDS_MISSING = "update.fields.missing"
    INVALID_PATH_PARAMETER = "invalid.path.parameter"
    DEPLOYMENT_NOT_FOUND = "deployment.not.found"


@dataclass(kw_only=True)
class PushDevice(WireModel):
    """A device, as its vendor's push service knows it.

    ``deviceType`` is a DeviceType (Android, IOS), ``notificationProvider`` a Provider (FCM, APNS), or
    whatever else the server takes; ``language`` is like ``en-us``.
    """

    deviceToken: str | None = wire(secret=True)
    language: str | None = None
    deviceType: str | None = None
    notificationProvider: str | None = None


class PushDevices:
    """Registers the devices of a deployment's guests.

    Args:
        apiClient: Makes the calls, ``client.apiClient`` of a WebMessagingClient for instance.
        deploymentId: The deployment.
    """

    def __init__(self, apiClient: ApiClient, deploymentId: str) -> None:
        self._client: ApiClient = _checks.instance("apiClient", apiClient, ApiClient)
        self._deploymentId = _checks.text("deploymentId", deploymentId)

    def register(self, token: str, device: PushDevice) -> None:
        """Have a device told of a session's messages. One that is registered already is updated.

        Args:
            token: The session's token.
            device: The device; all its fields are needed.

        Raises:
            ApiError: The server refused; ``errorBody.code`` is a :class:`PushErrorCode`.
            ConnectError, ConnectTimeoutError, ResponseTimeoutError, ConnectionClosedError: The network failed.
        """
        self._send_or_else("POST", PushErrorCode.DEVICE_ALREADY_REGISTERED, "PATCH", token, device)

    def update(self, token: str, device: PushDevice) -> None:
        """Change what is known of a device. One that is not registered is registered.

        Arguments and errors are those of :meth:`register`; fields that stay the same may be left out.
        """
        self._send_or_else("PATCH", PushErrorCode.DEVICE_NOT_FOUND, "POST", token, device)

    def delete(self, token: str) -> None:
        """Have a session's device told of nothing more. One that is not registered is left at that.

        Args:
            token: The session's token.

        Raises:
            ApiError, ConnectError and the others: As for :meth:`register`.
        """
        try:
            self._send("DELETE", token, None)
        except ApiError as error:
            if _code_of(error) != PushErrorCode.DEVICE_NOT_FOUND:
                raise

    def _send_or_else(self, method: str, unless: PushErrorCode, other: str, token: str, device: PushDevice) -> None:
        _checks.instance("device", device, PushDevice)
        try:
            self._send(method, token, device)
        except ApiError as error:
            if _code_of(error) != unless:
                raise
        else:
            return
        self._send(other, token, device)

    def _send(self, method: str, token: str, device: PushDevice | None) -> None:
        self._client.invoke(
            method,
            _PATH,
            pathParameters={"deploymentId": self._deploymentId, "token": _checks.text("token", token)},
            body=None if device is None else device.to_dict(),
            authenticated=False,
            secrets=[] if device is None or device.deviceToken is None else [device.deviceToken],
        )


def _code_of(error: ApiError) -> str | None:
    return error.errorBody.code if error.errorBody is not None else None

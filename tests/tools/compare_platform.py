"""How our models differ from those of Genesys' own platform SDK, the newest that is on PyPI. Not part of the test run.

    python -m venv .venv-platform
    .venv-platform/bin/pip install -e . PureCloudPlatformClientV2
    .venv-platform/bin/python tests/tools/compare_platform.py

A line for each difference: ``-`` the platform has it and we do not, ``+`` we have it and the platform does not,
``~`` the kinds of value differ. The platform's model of a deployment is that of its administration, so what is left
there is no fault in itself.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from importlib.metadata import version
from typing import Any, get_args, get_origin, get_type_hints

import PureCloudPlatformClientV2 as platform  # noqa: N813 - the name of a package, not of a class

from genesys_webmessaging import models
from genesys_webmessaging.models import WireEnum, WireModel

# Ours, and the platform's where it has another name. Frames and requests of the guest socket have none.
NAMES = {
    "StructuredMessage": "ConversationNormalizedMessage",
    "MessageContent": "ConversationMessageContent",
    "MessageEvent": "ConversationMessageEvent",
    "BaseMessagingChannel": "ConversationMessagingChannel",
    "BaseMessagingRecipient": "ConversationMessagingFromRecipient",
    "FormPage": "ConversationFormPage",
    "FormPageComponent": "ConversationFormPageComponent",
    "FormResponseComponent": "ConversationFormResponseComponent",
    "Ent": "ConversationFormResponseContent",
    "NotificationMessage": "ConversationPushNotificationMessageLabel",
    "PushFailedMessageReferences": "ConversationPushFailedMessageReferences",
    "PushProviderIntegration": "ConversationPushProviderIntegration",
    "RecipientAdditionalProviderInfo": "ConversationRecipientAdditionalProviderInfo",
    "DeploymentApps": "MessengerApps",
    "DeploymentAuth": "AuthenticationSettings",
    "DeploymentAutoStart": "AutoStart",
    "DeploymentBotProfile": "BotMessengerProfile",
    "DeploymentConfiguration": "WebDeploymentConfigurationVersion",
    "DeploymentConversationClear": "ConversationClearSettings",
    "DeploymentConversationDisconnect": "ConversationDisconnectSettings",
    "DeploymentConversations": "ConversationAppSettings",
    "DeploymentCustomLabels": "CustomI18nLabels",
    "DeploymentFileUpload": "FileUploadSettings",
    "DeploymentFileUploadMode": "FileUploadMode",
    "DeploymentHeadlessMode": "WebDeploymentHeadlessMode",
    "DeploymentHomeScreen": "MessengerHomeScreen",
    "DeploymentHumanize": "Humanize",
    "DeploymentIcon": "Icon",
    "DeploymentJourneyEvents": "JourneyEventsSettings",
    "DeploymentLauncherButton": "LauncherButtonSettings",
    "DeploymentLocalizedLabel": "LocalizedLabels",
    "DeploymentMarkdown": "Markdown",
    "DeploymentMessenger": "MessengerSettings",
    "DeploymentNotifications": "NotificationsSettings",
    "DeploymentPosition": "PositionSettings",
    "DeploymentStyles": "MessengerStyles",
}
KINDS = {"str": str, "int": int, "float": float, "bool": bool, "datetime": datetime}
NUMBERS = {int, float}


def pairs() -> Iterator[tuple[type[WireModel], Any]]:
    """Our models that the platform has too, each with the platform's."""
    for name in models.__all__:
        ours = getattr(models, name)
        if not issubclass(ours, WireModel):
            continue
        prefixed = [f"Conversation{name}"] if name.startswith(("Content", "Event", "NotificationTemplate")) else []
        for candidate in (NAMES.get(name), *prefixed, name if name.startswith("WebMessaging") else None):
            if candidate and hasattr(platform, candidate):
                yield ours, getattr(platform, candidate)
                break


def allowed_values(theirs: Any, attribute: str) -> list[str]:
    """The values that the platform documents for an attribute, from the source of its setter."""
    found = re.search(r"allowed_values = \[([^\]]*)\]", inspect.getsource(getattr(theirs, attribute).fset))
    return re.findall(r'"([^"]*)"', found[1]) if found else []


def bare(hint: Any) -> Any:
    """Our type of a field without ``| None``."""
    return next((kind for kind in get_args(hint) if type(None) in get_args(hint) and kind is not type(None)), hint)


def differences(ours: type[WireModel], theirs: Any) -> Iterator[str]:
    """Compare two models, field by field."""
    instance = theirs()
    platform_fields = {instance.attribute_map[name]: name for name in instance.swagger_types}
    hints = get_type_hints(ours)
    our_fields = {field.name.rstrip("_"): bare(hints[field.name]) for field in fields(ours)}
    for key, attribute in platform_fields.items():
        kind = instance.swagger_types[attribute]
        values = allowed_values(theirs, attribute)
        if key not in our_fields:
            yield f"- {key}: {kind}"
            continue
        hint = our_fields[key]
        if isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, WireEnum):
            yield from (f"- {key}: the value {value}" for value in values if not hint(value).isRecognized)
            yield from (f"+ {key}: the value {value}" for value in hint if values and value not in values)
        elif kind.startswith("list[") != (get_origin(hint) is list) or (
            kind in KINDS and hint is not KINDS[kind] and not {hint, KINDS[kind]} <= NUMBERS
        ):
            yield f"~ {key}: {kind} there, {hint} here"
    yield from (f"+ {key}" for key in our_fields if key not in platform_fields)


def main() -> None:
    """Print every difference."""
    compared = list(pairs())
    print(f"{len(compared)} models beside PureCloudPlatformClientV2 {version('PureCloudPlatformClientV2')}")
    for ours, theirs in compared:
        for line in differences(ours, theirs):
            print(f"{ours.__name__} ({theirs.__name__}): {line}")


if __name__ == "__main__":
    main()

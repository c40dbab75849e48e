"""How the server refuses: on the socket, and over REST."""

from dataclasses import dataclass

from ._base import WireEnum, WireModel, wireList


@dataclass(kw_only=True, slots=True)
class ErrorMessage(WireModel):
    """An error on the socket."""

    name: str | None = None
    message: str | None = None
    stack: str | None = None
    errorCode: int | None = None
    errorMessage: str | None = None
    tracingId: str | None = None
    attachmentId: str | None = None


@dataclass(kw_only=True, slots=True)
class TooManyRequestsErrorMessage(WireModel):
    """The guest sent too much, and may go on after a while."""

    name: str | None = None
    message: str | None = None
    stack: str | None = None
    errorCode: int | None = None
    errorMessage: str | None = None
    tracingId: str | None = None
    retryAfter: int | None = None


@dataclass(kw_only=True, slots=True)
class Detail(WireModel):
    """Which field of a request was wrong."""

    errorCode: str | None = None
    fieldName: str | None = None
    entityId: str | None = None
    entityName: str | None = None


@dataclass(kw_only=True, slots=True)
class Limit(WireModel):
    """The limit of the service that a request ran into."""

    class NamespaceEnum(WireEnum):
        """The part of the service that has the limit."""

        WORKFORCE_MANAGEMENT_FORECAST = "workforce.management.forecast"
        AGENT_ASSISTANT = "agent.assistant"
        AGENTIC_VIRTUAL_AGENTS = "agentic.virtual.agents"
        ANALYTICS_AGENTS = "analytics.agents"
        ANALYTICS_ALERTING = "analytics.alerting"
        ANALYTICS_DATA_EXTRACTION = "analytics.data.extraction"
        ANALYTICS = "analytics"
        ANALYTICS_REALTIME = "analytics.realtime"
        ANALYTICS_REPORTING_SETTINGS = "analytics.reporting.settings"
        ARCHITECT = "architect"
        AUDIOHOOK = "audiohook"
        AUDIOHOOK_MONITOR = "audiohook.monitor"
        AUDIT = "audit"
        AUTH_API = "auth.api"
        AUTHORIZATION = "authorization"
        AUTOMATION_TESTING = "automation.testing"
        BOTS = "bots"
        BOTS_VOICE = "bots.voice"
        BUSINESS_RULES = "business.rules"
        CALLBACK = "callback"
        COBROWSE = "cobrowse"
        CONTENT_MANAGEMENT = "content.management"
        CONVERSATION = "conversation"
        COPILOT = "copilot"
        DATAACTIONS = "dataactions"
        DATATABLES = "datatables"
        DIRECTORY = "directory"
        DSAR = "dsar"
        EMAIL = "email"
        EMPLOYEE_ENGAGEMENT = "employee.engagement"
        EVENT_ORCHESTRATION = "event.orchestration"
        EXTERNAL_CONTACTS = "external.contacts"
        EXTERNAL_EVENTS_DATA_INGESTION = "external.events.data.ingestion"
        GAMIFICATION = "gamification"
        GCV = "gcv"
        GDPR = "gdpr"
        GROUPS = "groups"
        GUIDES = "guides"
        HISTORICAL_ADHERENCE = "historical.adherence"
        INFRASTRUCTUREASCODE = "infrastructureascode"
        INTEGRATIONS = "integrations"
        INTENT_MINER = "intent.miner"
        INTERNAL_MESSAGING = "internal.messaging"
        JOURNEY = "journey"
        KNOWLEDGE = "knowledge"
        LANGUAGE_UNDERSTANDING = "language.understanding"
        LEARNING = "learning"
        LIMIT_REGISTRY = "limit.registry"
        MARKETPLACE = "marketplace"
        MEDIA_COMMUNICATIONS = "media.communications"
        MESSAGING = "messaging"
        MICRO_FRONTEND = "micro.frontend"
        NOTIFICATIONS = "notifications"
        ONBOARDING = "onboarding"
        OUTBOUND = "outbound"
        PLATFORM_API = "platform.api"
        PREDICTIVE_ROUTING = "predictive.routing"
        PRESENCE = "presence"
        QUALITY = "quality"
        RECORDING = "recording"
        RESPONSE_MANAGEMENT = "response.management"
        ROUTING = "routing"
        SCIM = "scim"
        SCREEN_MONITORING = "screen.monitoring"
        SEARCH = "search"
        SECONDARY_AUTOMATION_TESTING = "secondary.automation.testing"
        SKILLS = "skills"
        SOCIAL_MEDIA = "social.media"
        SPEECH_AND_TEXT_ANALYTICS = "speech.and.text.analytics"
        SPEECH_INTEGRATION = "speech.integration"
        SUPPORTABILITY = "supportability"
        TASK_MANAGEMENT = "task.management"
        TELEPHONY_CONFIGURATION = "telephony.configuration"
        USAGE = "usage"
        USERS = "users"
        USERS_RULES = "users.rules"
        VOICE_TRANSCRIPTION = "voice.transcription"
        WEB_DEPLOYMENTS = "web.deployments"
        WEB_MESSAGING = "web.messaging"
        WEBCHAT = "webchat"
        WEBHOOKS = "webhooks"
        WORKFORCE_MANAGEMENT_AGENT_AVAILABILITY = "workforce.management.agent.availability"
        WORKFORCE_MANAGEMENT = "workforce.management"
        WORKFORCE_MANAGEMENT_SELF_SCHEDULE = "workforce.management.self.schedule"
        WORKFORCE_MANAGEMENT_SHIFT_TRADING = "workforce.management.shift.trading"
        SYSTEM = "system"

    key: str | None = None
    namespace: NamespaceEnum | None = None
    value: int | None = None


@dataclass(kw_only=True, slots=True)
class ErrorBody(WireModel):
    """An error as the REST interface tells it."""

    message: str | None = None
    code: str | None = None
    status: int | None = None
    entityId: str | None = None
    entityName: str | None = None
    messageWithParams: str | None = None
    messageParams: dict[str, str] | None = None
    contextId: str | None = None
    details: list[Detail] = wireList()
    errors: "list[ErrorBody]" = wireList()
    limit: Limit | None = None

"""The one place that knows which version this is."""

__version__ = "1.0.0"

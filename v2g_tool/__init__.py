"""The v2g-tool suite: commissioning of vehicle-to-grid charging sites."""

__version__ = "0.1.0"

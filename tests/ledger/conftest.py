"""The clinic of the wire tests, and its server."""

from wire.conftest import clinic, little

__all__ = ["clinic", "little"]

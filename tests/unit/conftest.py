"""Unit tests do no I/O, so nothing about them depends on the machine; nor may the time that hypothesis takes."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")

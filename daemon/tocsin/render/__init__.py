"""Rendering of alerts as messages. It is pure: the same alerts always give the same message."""

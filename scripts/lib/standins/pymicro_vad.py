"""Stands in for pymicro-vad, which has no wheel for this Python; nothing here hears speech."""


class MicroVad:
    """What Home Assistant's voice pipeline imports at its start."""

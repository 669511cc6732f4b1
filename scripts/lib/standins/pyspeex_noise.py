"""Stands in for pyspeex-noise, which has no wheel for this Python; nothing here hears speech."""


class AudioProcessor:
    """What Home Assistant's voice pipeline imports at its start."""

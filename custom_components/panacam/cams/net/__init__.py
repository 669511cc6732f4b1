"""Transports shared by the families: bounded, timed, and free of any family's rules."""

"""Simulated cameras: loopback servers with a camera's state, timing and faults."""

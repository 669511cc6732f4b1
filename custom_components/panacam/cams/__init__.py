"""Cameras without Home Assistant: identities, roles, streams and one package per family.

Everything below uses relative imports only and imports no Home Assistant, so that simulators,
scripts and fuzzing can load it alone. A test holds that line.
"""

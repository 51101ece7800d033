"""Versions that stand on every output: code, and the methods behind the numbers."""

from typing import Final

CODE_VERSION: Final = "0.1.0"
"""SemVer of the package and of its public contract."""

METHOD_VERSION: Final = "2026.14"
"""Changes with every definition or formula; state derived by another version is never overwritten."""

SCHEMA_VERSION: Final = "1.0"
"""Version of the JSON outputs; additions raise the minor, anything else the major."""

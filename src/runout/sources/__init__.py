"""Sources: one module or folder a provider, each a pure reader of that provider's files and messages."""

from runout.sources.protocol import Document, FileSource, Normalised, check_rows, refuse_file

__all__ = ["Document", "FileSource", "Normalised", "check_rows", "refuse_file"]

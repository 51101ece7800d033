"""How long work says where it is."""

from typing import Protocol


class Progress(Protocol):
    """Receives the name of the present step, its number (from 1) and how many there are."""

    def __call__(self, step: str, number: int, total: int, /) -> None:
        """Take note of one step."""
        ...


def no_progress(step: str, number: int, total: int, /) -> None:
    """Say nothing."""

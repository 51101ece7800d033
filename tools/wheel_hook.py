"""A wheel holds the page, or is not built: a server without its page is no use to anybody."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src/runout/server/page")
FILES = ("index.html", "page.js", "page.css", "favicon.svg", "source.sha256")


class PageHook(BuildHookInterface[Any]):
    """Refuse to build without the page."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Look for the files of the page before anything is packed."""
        del version, build_data
        missing = [name for name in FILES if not (Path(self.root) / PAGE / name).is_file()]
        if missing:
            raise RuntimeError(f"{PAGE} lacks {', '.join(missing)}: run `make page` first")

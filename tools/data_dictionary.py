"""Write docs/data-dictionary.md from the schemas. Run by `make docs`; a test fails while the file is stale."""

from pathlib import Path

from runout.records.dictionary import data_dictionary

PAGE = Path(__file__).resolve().parents[1] / "docs" / "data-dictionary.md"


def main() -> None:
    """Write the page and say where."""
    PAGE.write_text(data_dictionary(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()

"""Text, Markdown, HTML, JSON and figures of results; nothing is computed here."""

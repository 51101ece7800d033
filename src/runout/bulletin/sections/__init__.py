"""Sections: each a pure function from readings to findings, tables and charts on one subject."""

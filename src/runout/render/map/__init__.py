"""The liquidation map as pictures, page, tables and text."""

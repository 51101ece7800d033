"""Indicators: table in, columns out, each with its declared lookback, unit and reference."""

"""Asking and listening: connections, limits, reconnects, gaps. Knows no venue and computes nothing."""

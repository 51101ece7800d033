"""Bulletin: findings with their evidence, and their rendering as text, figures and page. Pure."""

"""The cascade against past falls and synthetic slides."""

"""The field language."""

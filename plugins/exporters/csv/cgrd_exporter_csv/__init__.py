"""Exports records to CSV files."""

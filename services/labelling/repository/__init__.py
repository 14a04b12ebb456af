"""Rows and data files to domain values, and back."""

"""Profiles and site files from disk."""

"""Rendering, signing and verifying reports."""

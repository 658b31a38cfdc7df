"""Nouns: quantities, findings, sites, profiles, reports."""

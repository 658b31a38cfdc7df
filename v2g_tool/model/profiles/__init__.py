"""Profiles: how one model of instrument is spoken to or judged, as data with its document, a file for each kind.

A profile is data only; no formula in it is ever evaluated as code.
"""

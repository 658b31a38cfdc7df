"""Sheets, axes, plots and text, as SVG and on a terminal, for every domain."""

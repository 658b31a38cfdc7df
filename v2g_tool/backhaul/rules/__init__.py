"""Pure: counts and round trips in, findings out."""

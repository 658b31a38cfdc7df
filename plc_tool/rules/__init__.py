"""Pure: maps and limits in, causes and findings out."""

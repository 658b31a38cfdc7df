"""Pure: keys, files and limits in, findings out."""

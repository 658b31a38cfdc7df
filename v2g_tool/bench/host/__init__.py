"""An EMS computer as a file tree."""

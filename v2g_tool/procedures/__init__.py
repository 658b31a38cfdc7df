"""Order of work; the only place where time passes."""

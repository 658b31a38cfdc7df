"""Order of work with modems and captures; the only place where time passes."""

"""Order of work on a host; the only place where its time passes."""

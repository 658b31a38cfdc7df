"""Order of work of a throughput run; the only place where its time passes."""

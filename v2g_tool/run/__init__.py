"""A run: who, where, clock, signals; from a request to a signed report."""

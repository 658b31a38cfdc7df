"""How long a test waits for what hangs. It measures nothing: a machine may be as slow as it likes beside other work."""

HANG_S = 300.0
"""Far beyond what any command needs, and below the bound that pytest puts on each test."""

"""The virtual bench: a physical model seen through real wires."""

"""HomePlug modems on a simulated powerline, reached over veth pairs."""

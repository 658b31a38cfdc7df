"""Keys, signatures and whom to believe."""

"""The plant of the bench and the instruments that see it."""

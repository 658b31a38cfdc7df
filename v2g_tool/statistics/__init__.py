"""Pure mathematics: distributions, proportions, least squares."""

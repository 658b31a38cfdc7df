"""Commands without a run: they show, and judge nothing."""

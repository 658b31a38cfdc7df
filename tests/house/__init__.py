"""The house itself: floors, domains, and what a newcomer finds in it."""

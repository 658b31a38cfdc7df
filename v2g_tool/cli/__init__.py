"""From words typed to a command run; knows no app."""

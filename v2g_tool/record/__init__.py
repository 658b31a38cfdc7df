"""What must survive a power cut: journal, intents, files."""

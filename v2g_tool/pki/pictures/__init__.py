"""The certificates of a site as a picture."""

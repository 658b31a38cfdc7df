"""Reading the PKI of a site, in order."""

"""certs: the PKI of the site, from its files."""

"""X.509 on disk: certificates, revocation lists and keys from bytes, and paths between them."""

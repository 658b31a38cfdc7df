"""Whole V2G PKIs for the bench, sound or with planted defects: certificates, keys, revocation lists, trust stores."""

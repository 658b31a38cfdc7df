"""What can be planted into a PKI: each fault with its line, and the function that alters the plan.

The tables stand by subject: files and keys, chains, single certificates, revocation, trust stores.
"""

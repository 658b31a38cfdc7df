"""The PKI of a site: from files to findings."""

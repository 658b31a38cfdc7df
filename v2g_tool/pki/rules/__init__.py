"""What the files of a PKI say, judged: facts and limits in, findings out. Pure."""

"""Pure rules: facts and limits in, findings out."""

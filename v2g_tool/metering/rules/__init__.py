"""Pure: readings and limits in, errors, faults and corrections out."""

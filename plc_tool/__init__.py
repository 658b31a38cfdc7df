"""The PLC and EMI application of the suite."""

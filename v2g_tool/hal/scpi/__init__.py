"""SCPI instruments over VISA."""

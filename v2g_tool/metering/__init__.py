"""Energy meters: read, calibrate, correct."""

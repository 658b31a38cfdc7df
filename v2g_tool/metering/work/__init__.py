"""Order of work of a calibration; the only place where its time passes."""

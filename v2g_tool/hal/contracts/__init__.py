"""What a procedure may ask of an instrument, a file for each. SI units, real channels, the run's monotonic clock.

Every method may raise `Unreachable`, `Refused` or `Implausible`; nothing of a wire's library gets above a driver.
Opening and closing are no part of a contract: `v2g_tool.hal.connect` hands out opened instruments.
"""

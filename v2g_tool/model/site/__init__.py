"""The site file: which instruments are here, under which name, address and serial number."""

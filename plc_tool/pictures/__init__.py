"""Pictures of a PLC map: for a terminal, as SVG and as CSV. They render and never judge."""

"""HomePlug AV and GreenPHY modems on raw Ethernet: frames, captures, the wire and the drivers."""

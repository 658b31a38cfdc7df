"""Hardware abstraction: contracts and the drivers that fulfil them."""

"""The way in: gateways, routing and certificates."""

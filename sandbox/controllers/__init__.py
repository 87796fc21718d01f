"""What the outside of a simulated cluster does: nodes, volumes for claims, addresses for balancers, certificates."""

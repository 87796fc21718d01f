"""What the outside of a simulated cluster does: nodes that are ready, volumes for claims, addresses for balancers."""

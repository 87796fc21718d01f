"""Tests that share one dev stack with simulated nodes."""

"""The policy pack's tests."""

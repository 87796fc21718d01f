"""The tests; `python -m tests` runs them in suites with a summary."""

"""The engine as the sandbox and the release tool run it: what both need of the Automation API."""

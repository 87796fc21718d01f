"""The node exporter: CPU, memory, disks and network of machines as metrics (MON-2)."""

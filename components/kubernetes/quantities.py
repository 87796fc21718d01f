"""Kubernetes quantities in the one spelling that the API server keeps, so that a refresh finds no difference."""


def cpu(millicores: int) -> str:
    """Processor quantity of `millicores` thousandths of a processor."""
    return f"{millicores // 1000}" if millicores % 1000 == 0 else f"{millicores}m"


def memory(mib: int) -> str:
    """Memory quantity of `mib` MiB."""
    return f"{mib // 1024}Gi" if mib % 1024 == 0 else f"{mib}Mi"

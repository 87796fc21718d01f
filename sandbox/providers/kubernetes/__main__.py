"""`python -m sandbox.providers.kubernetes`: the plugin that the engine starts."""

from sandbox.providers.base import sdk_version, serve
from sandbox.providers.kubernetes.driver import KubernetesDriver

if __name__ == "__main__":
    serve("kubernetes", sdk_version("kubernetes"), KubernetesDriver())

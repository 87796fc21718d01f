"""The local Docker provider: drives the engine of a Docker host of the sandbox as the official plugin does.

Containers, images, networks and volumes are driven; of a host without an engine here they are recorded; every other
type is refused.
"""

SERVER = "a Docker engine (its API)"

"""The local minio provider: drives MinIO by its S3 and admin API as the official plugin does.

The buckets, users, policies and keys that the platform declares are driven; every other type, and every input that it
does not use, is refused.
"""

SERVER = "the sandbox's own MinIO, not the stack's container"

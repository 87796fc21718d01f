"""The local minio provider: drives MinIO by its S3 and admin API as the official plugin does.

Buckets and what is set on them, objects, users, policies and keys are driven; every other type is refused.
"""

from sandbox.providers.minio.driver import DRIVEN, SERVER

__all__ = ["DRIVEN", "SERVER"]

"""Backups of a stack, and what restores them (BAK-1 to BAK-5)."""

from components.backup.documents import backup_jobs
from components.backup.room import BackupKey, Backups, BackupsArgs, DatabaseBackup

__all__ = ["BackupKey", "Backups", "BackupsArgs", "DatabaseBackup", "backup_jobs"]

"""Backups and restores (BAK-1 to BAK-5): runs in a container of its own on a Docker host, one for each kind.

It is told everything by files, so that it needs neither engine nor settings.
"""

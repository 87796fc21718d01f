"""Clean the image registry: remove images that nobody needs any more, then what only they needed (INF-6)."""

from release.registry.clean import Access, clean

__all__ = ["Access", "clean"]

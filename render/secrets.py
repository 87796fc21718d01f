"""The secrets of a stack, for the person who sets them: no value is read or shown."""

from collections.abc import Iterator

from settings import Settings
from settings.secrets import CONSEQUENCE, GENERATED, SECRETS


def table(settings: Settings) -> Iterator[str]:
    """What each secret is, who reads it, and how it is had, set and replaced."""
    areas, stack = settings.model_dump(), settings.environment.name
    for secret in SECRETS:
        if secret.needed(areas):
            yield f"{secret.key}: {secret.purpose}"
            yield f"  read by  {', '.join(secret.readers)}"
            yield f"  get it   {secret.origin}"
            yield f"  form     {secret.form.right}"
            yield f"  set it   {secret.command(stack)}"
            yield f"  replace  {secret.rotation}"
    if settings.database.mode == "supabase":
        for made in GENERATED:
            yield f"{made.key}: {made.purpose}"
            yield f"  read by  {', '.join(made.readers)}"
            yield "  get it   the program makes it and keeps it in the state"
            yield f"  replace  database.keys.{made.kind}: {CONSEQUENCE[made.kind]}"

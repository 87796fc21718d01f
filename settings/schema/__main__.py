"""`python -m settings.schema [--check]`: writes the JSON Schemas, or compares them."""

import argparse
import sys

from settings.schema import stale


def main(arguments: list[str] | None = None) -> int:
    """Writes the schemas; with --check it compares instead, and 1 says that some are out of date."""
    parser = argparse.ArgumentParser(prog="python -m settings.schema", description="JSON Schemas of the settings.")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    compare: bool = parser.parse_args(arguments).check
    outdated = stale()
    for file, text in outdated.items():
        if compare:
            print(f"settings/schema/{file.name} is out of date; run `python -m settings.schema`", file=sys.stderr)
        else:
            file.write_text(text, encoding="utf-8")
            print(f"wrote settings/schema/{file.name}")
    return int(compare and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())

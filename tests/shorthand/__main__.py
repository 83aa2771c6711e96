"""`make profiles` writes what SUSHI makes to profiles/built/; what is no longer defined goes."""

from __future__ import annotations

from . import BUILT, PROFILES, compiled


def main() -> None:
    """Writes all of it."""
    made = compiled(PROFILES)
    BUILT.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (BUILT / name).write_bytes(content)
    for old in BUILT.glob("*.json"):
        if old.name not in made:
            old.unlink()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Every kind in a list (*.def) has its file, its summary and its citation; README lists changes.

usage: style_registries.py SOURCE_DIRECTORY
"""
import pathlib
import re
import sys

ENTRY = re.compile(r"^\s*ION_[A-Z_]+\(\s*(\w+)", re.MULTILINE)
REQUIRED = ("summary", "citation")


def field_of(text, field):
    """The text of `.field = "..."`, adjacent literals joined; empty when absent."""
    match = re.search(rf'\.{field}\s*=\s*((?:"(?:\\.|[^"\\])*"\s*)+)', text)
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', match.group(1))).strip() if match else ""


def complaints_of_registry(registry):
    names = ENTRY.findall(registry.read_text(encoding="utf-8"))
    if not names:
        yield f"{registry}: lists nothing"
    for name in names:
        source = registry.parent / f"{name}.c"
        if not source.exists():
            yield f"{registry}: {name} has no file {name}.c"
            continue
        text = source.read_text(encoding="utf-8")
        for field in REQUIRED:
            if not field_of(text, field):
                yield f"{source}: .{field} of {name} is missing or empty"
    for source in sorted(registry.parent.glob("*.c")):
        defined = re.findall(r"^const ion_\w+_kind ion_\w+?_(\w+)\s*=", source.read_text(), re.MULTILINE)
        if source.stem in defined and source.stem not in names:
            yield f"{source}: defines a kind that {registry.name} does not list"


def complaints_of_readme(readme):
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    section = re.search(r"^## Changes\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not section or not re.search(r"^- \S", section.group(1), re.MULTILINE):
        yield f"{readme}: no line under \"## Changes\""


def main():
    root = pathlib.Path(sys.argv[1])
    registries = sorted(root.glob("src/*/*.def"))
    found = [c for registry in registries for c in complaints_of_registry(registry)]
    found += complaints_of_readme(root / "README.md")
    if not registries:
        found.append("src: no list of kinds (*.def)")
    print("\n".join(found) if found else f"{len(registries)} lists are complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Includes point only down the table of layers, and MPI is called where the table allows it.

usage: style_layers.py SOURCE_DIRECTORY
"""
import pathlib
import re
import sys

# A module may include itself, base, and those named.
ALLOWED = {
    "base": "",
    "spec": "",
    "thermo": "",
    "store": "",
    "process": "thermo",
    "model": "process thermo spec",
    "design": "spec",
    "solver": "model process thermo",
    "ledger": "model process thermo",
    "sensitivity": "solver ledger store model design spec",
    # sideways: studies that keep no points have their workers feed the accumulators of the estimators
    "schedule": "sensitivity solver ledger store model design spec",
    "cli": "sensitivity schedule solver ledger model design process spec thermo store",
}
MAY_CALL_MPI = {"schedule", "store", "cli"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
MPI_CALL = re.compile(r"\bP?MPI_[A-Z][A-Za-z_0-9]*\s*\(")
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*', re.DOTALL)


def without_comments(text):
    """The text with comments blanked, line numbers and string literals kept."""
    return COMMENT.sub(lambda m: m.group(1) or "\n" * m.group(0).count("\n"), text)


def module_of(path, root):
    """base for src/base/units.c and include/ion/base.h."""
    parts = path.relative_to(root).parts
    return path.stem if parts[0] == "include" else parts[1]


def target_of(kind, name, path, module):
    """The module an #include points to (None: a library), or a complaint."""
    if name.startswith("ion/"):
        return pathlib.PurePath(name).stem, None
    if kind == "<":
        return None, None
    if (path.parent / name).exists() and "/" not in name:
        return module, None
    parts = pathlib.PurePath(name).parts
    if len(parts) == 2 and parts[0] in ALLOWED:
        private = parts[1].endswith("_impl.h") and parts[0] != module
        return parts[0], f"{name} is private to {parts[0]}" if private else None
    return None, f"\"{name}\" is neither beside this file nor MODULE/FILE"


def complaints_of(path, root):
    module = module_of(path, root)
    if module not in ALLOWED:
        yield 1, f"module {module} is not in the table of layers"
        return
    allowed = {module, "base", *ALLOWED[module].split()}
    text = without_comments(path.read_text(encoding="utf-8"))
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        target, complaint = target_of(match.group(1), match.group(2), path, module)
        if complaint:
            yield line, complaint
        elif target and target not in allowed:
            yield line, f"{module} may not include {target}; allowed: {' '.join(sorted(allowed))}"
        elif match.group(2) == "mpi.h" and module not in MAY_CALL_MPI:
            yield line, f"{module} may not use MPI"
    if module not in MAY_CALL_MPI:
        text = STRING.sub('""', text)
        for match in MPI_CALL.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield line, f"{module} may not call {match.group(0).rstrip('( ')}"


def main():
    root = pathlib.Path(sys.argv[1])
    files = [f for pattern in ("include/ion/*.h", "src/*/*.[ch]", "src/*/*.def")
             for f in sorted(root.glob(pattern))]
    found = [f"{path.relative_to(root)}:{line}: {text}"
             for path in files for line, text in complaints_of(path, root)]
    print("\n".join(found) if found else f"{len(files)} files include downwards only")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())

"""Build the archive that HACS and the marketplace install: `release_archive.py [--tag v1.2.3]` writes dist/cosem.zip.

Its content is flat, from files under version control only, and the same octets for the same files, so that anybody can
rebuild and compare it. Runs on Python 3.9 or newer.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import subprocess
import sys
import zipfile

ROOT = Path(__file__).resolve().parent.parent
INTEGRATION = ROOT / "custom_components" / "cosem"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can say: the files' own times would differ by checkout


def content() -> list[Path]:
    """The integration's files as git knows them, in a fixed order."""
    command = ["git", "-C", str(INTEGRATION), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return [INTEGRATION / name for name in sorted(listed) if name]


def build(target: Path) -> int:
    """Write the archive; return how many files it holds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    files = content()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(INTEGRATION).as_posix(), EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return len(files)


def main() -> int:
    """Compare versions where a tag is given, then build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tag", help="the release's tag; must name the manifest's version, with or without a leading v"
    )
    options = parser.parse_args()
    version = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))["version"]
    if options.tag and options.tag.removeprefix("v") != version:
        print(f"the tag says {options.tag}, manifest.json says {version}: correct one of them", file=sys.stderr)
        return 1
    target = ROOT / "dist" / json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))["filename"]
    print(f"{target.relative_to(ROOT)}: version {version}, {build(target)} files, {target.stat().st_size} octets")
    return 0


if __name__ == "__main__":
    sys.exit(main())

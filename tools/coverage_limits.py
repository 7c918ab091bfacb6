"""Check the limits of coverage in a report of `coverage json`: `coverage_limits.py coverage.json`.

The protocol stack and the whole config flow are covered to the last branch, everything together to 95 %.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

INTEGRATION = "custom_components/cosem/"
COMPLETE = (INTEGRATION + "dlms/", INTEGRATION + "config_flow.py", INTEGRATION + "forms/")
WHOLE_PERCENT = 95.0


def gaps(report: dict[str, Any]) -> list[str]:
    """Every limit that is not kept, as a line for the reader."""
    found = []
    for name, file in sorted(report["files"].items()):
        missing = [str(line) for line in file["missing_lines"]]
        missing += [f"{start}->{'exit' if end < 0 else end}" for start, end in file.get("missing_branches", [])]
        if missing and name.startswith(COMPLETE):
            found.append(f"{name}: not covered: {', '.join(missing[:12])}{' ...' if len(missing) > 12 else ''}")
    unmeasured = [prefix for prefix in COMPLETE if not any(name.startswith(prefix) for name in report["files"])]
    found += [f"{prefix}: nothing measured, so nothing proved" for prefix in unmeasured]
    percent = report["totals"]["percent_covered"]
    if percent < WHOLE_PERCENT:
        found.append(f"the whole: {percent:.2f} % of lines and branches, at least {WHOLE_PERCENT:.0f} % wanted")
        weakest = sorted(report["files"].items(), key=lambda item: -item[1]["summary"]["missing_lines"])
        found += [f"  {name}: {file['summary']['percent_covered']:.1f} %" for name, file in weakest[:10]]
    return found


def main() -> int:
    """Print the verdict; 0 when every limit is kept."""
    try:
        report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    except FileNotFoundError:
        print("no coverage was measured: the tests did not run to their end")
        return 1
    found = gaps(report)
    if found:
        print("coverage is below its limits:", *found, sep="\n  ")
        return 1
    print(f"coverage: dlms/, config_flow.py and forms/ complete, the whole {report['totals']['percent_covered']:.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())

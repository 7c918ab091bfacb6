"""The limits of coverage: what is complete, what is missing, and that nothing measured is no success."""

import json

import pytest

from tools import coverage_limits

INTEGRATION = "custom_components/cosem/"


def _file(missing_lines=(), missing_branches=(), percent=100.0):
    return {
        "missing_lines": list(missing_lines),
        "missing_branches": [list(branch) for branch in missing_branches],
        "summary": {"missing_lines": len(missing_lines), "percent_covered": percent},
    }


def _report(percent=100.0, **files):
    """Return a report with every part that has to be complete, and these files in place of those or beside them."""
    complete = {"dlms/errors.py": _file(), "config_flow.py": _file(), "forms/draft.py": _file()}
    named = {name.replace("__", "/") + ".py": file for name, file in files.items()}
    return {
        "files": {INTEGRATION + name: file for name, file in (complete | named).items()},
        "totals": {"percent_covered": percent},
    }


def test_a_complete_report_has_no_gaps():
    assert coverage_limits.gaps(_report()) == []


@pytest.mark.parametrize("name", ["dlms__errors", "dlms__apdu__get", "config_flow", "forms__draft", "forms__schemas"])
def test_one_missed_line_of_the_stack_or_the_flow_is_a_gap(name):
    [gap] = coverage_limits.gaps(_report(**{name: _file(missing_lines=[7])}))
    assert gap == f"{INTEGRATION}{name.replace('__', '/')}.py: not covered: 7"


def test_one_missed_branch_of_the_flow_is_a_gap():
    [gap] = coverage_limits.gaps(_report(forms__draft=_file(missing_branches=[(3, 9), (12, -1)])))
    assert gap.endswith("not covered: 3->9, 12->exit")


def test_a_long_list_of_missed_lines_is_cut():
    [gap] = coverage_limits.gaps(_report(dlms__errors=_file(missing_lines=range(1, 40))))
    assert gap.endswith("11, 12 ...")


def test_other_files_may_miss_lines_while_the_whole_has_its_95_percent():
    assert coverage_limits.gaps(_report(percent=95.0, sensor=_file(missing_lines=[1, 2]))) == []


def test_below_95_percent_the_weakest_files_are_named():
    report = _report(percent=94.99, sensor=_file(missing_lines=[1, 2], percent=40.0), entity=_file())
    first, weakest, *_rest = coverage_limits.gaps(report)
    assert first == "the whole: 94.99 % of lines and branches, at least 95 % wanted"
    assert weakest == f"  {INTEGRATION}sensor.py: 40.0 %"


@pytest.mark.parametrize("part", ["dlms/errors.py", "config_flow.py", "forms/draft.py"])
def test_a_part_that_was_not_measured_is_a_gap(part):
    report = _report()
    del report["files"][INTEGRATION + part]
    [gap] = coverage_limits.gaps(report)
    assert gap.endswith("nothing measured, so nothing proved")


def test_the_exit_code_says_whether_the_limits_are_kept(tmp_path, monkeypatch, capsys):
    path = tmp_path / "coverage.json"
    monkeypatch.setattr("sys.argv", ["coverage_limits.py", str(path)])
    assert coverage_limits.main() == 1
    assert "no coverage was measured" in capsys.readouterr().out
    path.write_text(json.dumps(_report(config_flow=_file(missing_lines=[1]))), encoding="utf-8")
    assert coverage_limits.main() == 1
    assert "below its limits" in capsys.readouterr().out
    path.write_text(json.dumps(_report(percent=98.5)), encoding="utf-8")
    assert coverage_limits.main() == 0
    assert "the whole 98.50 %" in capsys.readouterr().out

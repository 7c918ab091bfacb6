"""Tables keep to the terminal's width, and say where they left something out."""

from custom_components.cosem.dlms.command_line.table import table

HEAD = ("attribute", "value", "unit")


def lines_of(*rows: tuple[str, ...], width: int | None = 60) -> list[str]:
    return table(HEAD, rows, cut=1, width=width)


def test_columns_begin_below_each_other():
    assert lines_of(("a", "12345678", "V"), ("bcd", "1", "kWh")) == [
        "attribute  value     unit",
        "a          12345678  V",
        "bcd        1         kWh",
    ]


def test_trial_31_a_long_value_does_not_widen_the_table():
    head, long, short = lines_of(("3:1.0.1.8.0.255:2", "x" * 500, "Wh"), ("b", "7", "V"))
    assert len(long) == 58, "the column of the units is as wide as its name"
    assert long == f"3:1.0.1.8.0.255:2  {'x' * 34}…  Wh"
    assert head.index("unit") == long.index("Wh") == short.index("V")


def test_a_value_that_just_fits_is_whole():
    _head, fits, cut = lines_of(("a" * 17, "x" * 35, "Wh"), ("b", "y" * 36, ""))
    assert "x" * 35 in fits
    assert f"{'y' * 34}…" in cut
    assert "y" * 35 not in cut


def test_trial_31_without_a_width_everything_is_shown():
    assert lines_of(("a", "x" * 500, "Wh"), width=None)[1] == f"a          {'x' * 500}  Wh"


def test_in_a_narrow_terminal_something_is_left_of_the_value():
    assert lines_of(("a", "x" * 500, "Wh"), width=10)[1] == f"a          {'x' * 19}…  Wh"


def test_an_error_is_whole_and_widens_nothing():
    head, value, failed = lines_of(("a", "7", "V"), ("b", "error: " + "e" * 100))
    assert head == "attribute  value  unit"
    assert value == "a          7      V"
    assert failed == f"b          error: {'e' * 100}"

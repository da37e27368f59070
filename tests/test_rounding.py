import nbformat
import pytest

from course_utils.tools.compare import Printed

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("0.43  Whitefly", "0.44  Whitefly"),
        ("0.9999 and 3", "1.0000 and 3"),
        ("-0.00", "0.00"),
        ("71 % of them, 0.2", "72 % of them, 0.3"),
        ('<i style="width:43.2%">', '<i style="width:43.3%">'),
        ("no number", "no number"),
    ],
)
def test_one_unit_of_the_last_digit_is_rounding(ours, theirs):
    assert Printed(ours) == Printed(theirs)
    assert (Printed(ours) != Printed(theirs)) is False


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("0.43  Whitefly", "0.45  Whitefly"),
        ("0.43  Whitefly", "0.430  Whitefly"),
        ("0.43  Whitefly", "0.43  Snow"),
        ("17 of 20", "18 of 20"),
        ("0.5 0.7", "0.5"),
        ("1e-05", "1e-06"),
        ("70 %", "72 %"),
    ],
)
def test_everything_else_is_a_difference(ours, theirs):
    assert Printed(ours) != Printed(theirs)
    assert (Printed(ours) == Printed(theirs)) is False


@pytest.mark.parametrize(("printed", "passes"), [("0.44", True), ("0.43", False)])
def test_a_notebook_is_compared_so(pytester, printed, passes):
    cell = nbformat.v4.new_code_cell("print(0.45)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{printed}\n")]
    book = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(book, pytester.path / "book.ipynb")
    conftest = "from tests.rounding import forgive_rounding as pytest_itemcollected"
    pytester.makeconftest(conftest)
    result = pytester.runpytest_subprocess("--nbval", "book.ipynb")
    result.assert_outcomes(passed=passes, failed=not passes)

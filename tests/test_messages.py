"""Values in messages, and the line that a warning points at."""

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from skdnn._messages import brief, few, warn_user


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "[]"),
        (["a", "b"], "['a', 'b']"),
        (np.array(["a", "b"]), "['a', 'b']"),
        (np.array([1.5, 2.0]), "[1.5, 2.0]"),
        (np.array([True, False]), "[True, False]"),
        (np.array(["2020-01-01"], "datetime64[ns]"), "['2020-01-01T00:00:00.000000000']"),
        (range(5), "[0, 1, 2, 3, 4]"),
        (range(6), "[0, 1, 2, 3, 4, and 1 more]"),
        (range(10_005), "[0, 1, 2, 3, 4, and 10,000 more]"),
    ],
)
def test_a_few_of_many_values(values, text):
    assert few(values) == text


def test_a_long_value_is_cut_in_the_middle():
    assert brief("word") == "'word'"
    cut = brief(list(range(1000)))
    assert cut.startswith("[0, 1, 2, 3")
    assert cut.endswith("998, 999]")
    assert " ... " in cut
    assert len(cut) <= 60
    assert "\n" not in brief(np.zeros((9, 9)))
    assert len(few(["x" * 10_000] * 9)) < 400


def test_a_warning_points_at_the_users_line():
    def called(X):
        warn_user("look here")
        return X

    transformer = FunctionTransformer(called)
    for through in (called, transformer.fit_transform):
        with pytest.warns(UserWarning, match="^look here$") as said:
            through([[1.0]])
        assert [warning.filename for warning in said] == [__file__]

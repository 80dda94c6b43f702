"""What the documentation of both estimators says of the same thing is the same, word for word.

It is written out in both: editors, ruff and `numpydoc lint` read docstrings without running the
module, and see nothing of one that is put together there.
"""

import inspect
import re

import pytest

from skdnn import KerasDNNClassifier, KerasDNNRegressor

# By what is documented: the entries that speak of classes here and of numbers there.
APART = {
    "__init__": {
        "hidden_units",
        "activation",
        "l2",
        "epochs",
        "validation_fraction",
        "scoring",
        "history_",
        "model_",
    },
    "fit": {"y", "y_val"},
    "partial_fit": {"y"},
    "predict": {"X"},
}


def entries(name):
    """The documented entries of both estimators: pairs of type and text by name."""
    both = []
    for estimator in (KerasDNNClassifier, KerasDNNRegressor):
        documented = estimator if name == "__init__" else getattr(estimator, name)
        sections = re.split(r"\n(?=\w[\w ]*\n-+\n)", inspect.getdoc(documented))
        parts = [
            part
            for section in sections
            if section.startswith(("Parameters\n", "Attributes\n"))
            for part in re.split(r"\n(?=\w+(?:, \w+)* : )", section)[1:]
        ]
        parsed = [re.match(r"(\S+) : (.*)\n([\s\S]*)", part).groups() for part in parts]
        both.append({label: (kind, " ".join(text.split())) for label, kind, text in parsed})
    return both


@pytest.mark.parametrize("name", APART)
def test_shared_entries_say_the_same(name):
    classes, numbers = entries(name)
    shared = classes.keys() & numbers.keys()
    assert len(shared) > {"__init__": 25, "fit": 5, "partial_fit": 2, "predict": 0}[name]
    differ = {entry for entry in shared if classes[entry][1] != numbers[entry][1]}
    assert differ == APART[name]


@pytest.mark.parametrize("name", APART)
def test_shared_entries_have_the_same_types_and_defaults(name):
    classes, numbers = entries(name)
    shared = (classes.keys() & numbers.keys()) - {"y"}  # labels, or numbers
    assert {entry: classes[entry][0] for entry in shared} == {
        entry: numbers[entry][0] for entry in shared
    }


def test_every_parameter_is_documented_in_the_order_of_the_signature():
    for estimator, documented in zip(
        (KerasDNNClassifier, KerasDNNRegressor), entries("__init__"), strict=True
    ):
        parameters = list(inspect.signature(estimator).parameters)
        assert list(documented)[: len(parameters)] == parameters

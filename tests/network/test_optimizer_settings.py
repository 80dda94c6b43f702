"""Settings of every optimizer that Keras ships: numbers of any kind, and what is refused."""

import inspect
from fractions import Fraction

import keras
import numpy as np
import pytest

from skdnn import KerasDNNClassifier
from skdnn.network.optimizers import _classes_by_name, validate_optimizer

OPTIMIZERS = sorted(_classes_by_name().items())

# By name, where 1 is no value for it.
VALUES = {
    "beta_2_decay": -1,
    "learning_rate_power": -1,
    "ema_overwrite_frequency": 2,
    "gradient_accumulation_steps": 2,
    "muon_b": -5,
    "ns_steps": 2,
}
FORMS = [np.int64, np.int8, float, np.float32, np.float64, np.array, Fraction]


def settings(cls):
    """Find the settings that take a number."""
    return [
        name
        for name, each in inspect.signature(cls).parameters.items()
        if name not in ("name", "exclude_layers", "learning_rate")
        and each.kind is each.POSITIONAL_OR_KEYWORD
        and not isinstance(each.default, bool)
    ]


def flags(cls):
    parameters = inspect.signature(cls).parameters.items()
    return [name for name, each in parameters if isinstance(each.default, bool)]


@pytest.mark.parametrize(("name", "cls"), OPTIMIZERS)
def test_a_number_of_any_kind_is_the_same_setting(name, cls):
    for setting in settings(cls):
        value = VALUES.get(setting, 1)
        as_int = validate_optimizer(name, routed={setting: value})
        for form in FORMS:
            assert validate_optimizer(cls, routed={setting: form(value)}) == as_int, form
        made = getattr(as_int.make(), setting)
        assert made == value
        assert type(made) is (int if setting.endswith(("steps", "frequency")) else float)


@pytest.mark.parametrize(("name", "cls"), OPTIMIZERS)
def test_a_flag_of_any_kind_is_the_same_setting(name, cls):
    for flag in flags(cls):
        chosen = validate_optimizer(name, routed={flag: True})
        for form in (np.True_, 1, np.int64(1)):
            assert validate_optimizer(cls, routed={flag: form}) == chosen
        with pytest.raises(ValueError, match=f"optimizer__{flag} must be True or False, got"):
            validate_optimizer(name, routed={flag: "False"})


@pytest.mark.long_form(row="parity")
@pytest.mark.parametrize(("name", "cls"), OPTIMIZERS)
def test_a_fit_with_integers_is_the_fit_with_floats(name, cls, iris, count):
    # Of the three kinds of clipping one may be given; averages and accumulation are Keras's.
    left_out = {"clipvalue", "global_clipnorm", "gradient_accumulation_steps"}
    left_out |= {"loss_scale_factor", "rms_rate", "muon_a", "muon_c", "adam_lr_ratio"}
    zeros = {"beta_1", "beta_2", "rho", "momentum", "adam_beta_1", "adam_beta_2"}
    given = {each: VALUES.get(each, 1) for each in settings(cls) if each not in left_out}
    given |= dict.fromkeys(zeros & given.keys(), 0)
    if name == "lion":
        given["beta_1"] = 1
    if name == "schedulefreeadamw":  # diverges with 0
        del given["beta_1"], given["beta_2"]
    weights = [
        KerasDNNClassifier((4,), epochs=2, random_state=0)
        .set_params(
            optimizer=name, **{f"optimizer__{each}": form(given[each]) for each in given}
        )
        .fit(*iris)
        ._fitted_state["weights"]
        for form in count((int, float), (int, float, np.float32))
    ]
    for other in weights[1:]:
        for a, b in zip(weights[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rate", [1, np.int64(1), np.float32(1), np.array(1), Fraction(1)])
def test_a_learning_rate_of_any_kind(rate):
    assert validate_optimizer("adam", rate) == validate_optimizer("adam", 1.0)
    assert validate_optimizer("adam", routed={"learning_rate": rate}).learning_rate == 1.0


def test_a_float32_is_the_number_that_it_rounds():
    assert validate_optimizer("sgd", np.float32(0.1)).learning_rate == 0.1
    routed = {"momentum": np.float32(0.9)}
    assert validate_optimizer("sgd", routed=routed) == validate_optimizer(
        "sgd", routed={"momentum": 0.9}
    )


S = keras.optimizers.schedules
SCHEDULES = [
    (S.ExponentialDecay, {"initial_learning_rate": 1, "decay_steps": 5, "decay_rate": 0.5}),
    (S.InverseTimeDecay, {"initial_learning_rate": 1, "decay_steps": 5, "decay_rate": 2}),
    (S.PolynomialDecay, {"initial_learning_rate": 1, "decay_steps": 5, "power": 2}),
    (S.CosineDecay, {"initial_learning_rate": 1, "decay_steps": 5, "alpha": 0}),
    (S.CosineDecayRestarts, {"initial_learning_rate": 1, "first_decay_steps": 5, "t_mul": 2}),
    (S.PiecewiseConstantDecay, {"boundaries": [2, 4], "values": [1, 0.5, 0]}),
]


def in_floats(value):
    return [float(each) for each in value] if isinstance(value, list) else float(value)


@pytest.mark.parametrize(("cls", "given"), SCHEDULES)
@pytest.mark.parametrize("kind", [int, np.int64, np.float64])
def test_integers_in_a_schedule_are_floats(cls, given, kind):
    def of(value):
        if isinstance(value, list):
            return value
        return value if isinstance(value, float) else kind(value)

    floats = cls(**{n: given[n] if n == "boundaries" else in_floats(given[n]) for n in given})
    by_name = validate_optimizer("sgd", cls(**{name: of(given[name]) for name in given}))
    instance = keras.optimizers.SGD(cls(**{name: of(given[name]) for name in given}))
    for choice in (by_name, validate_optimizer(instance)):
        assert choice == validate_optimizer("sgd", floats)
        made = choice.make()
        for step in (0, 3, 7):
            made.iterations.assign(step)
            assert float(made.learning_rate) == pytest.approx(float(floats(step)))


@pytest.mark.parametrize(
    ("name", "setting", "value", "rule"),
    [
        ("adam", "epsilon", None, "a number, got None"),
        ("adam", "epsilon", "1e-7", "a number, got '1e-7'"),
        ("sgd", "momentum", True, "a number, got True"),
        ("sgd", "momentum", [0.9], r"a number, got \[0.9\]"),
        ("sgd", "clipnorm", "1", "a number or None, got '1'"),
        ("sgd", "clipnorm", -1, "a number from 0, got -1"),
        ("sgd", "weight_decay", float("nan"), "a finite number, got nan"),
        ("rmsprop", "rho", 2, "a number from 0 to 1, got 2"),
        ("rmsprop", "momentum", -0.5, "a number from 0, got -0.5"),
        ("adam", "beta_2", 1.5, "a number from 0 to 1, got 1.5"),
        ("muon", "ns_steps", 2.5, "a whole number, got 2.5"),
        ("sgd", "gradient_accumulation_steps", 2.5, "a whole number, got 2.5"),
        ("adamw", "weight_decay", [], r"a number or None, got \[\]"),
    ],
)
def test_what_can_only_be_a_mistake_is_named(name, setting, value, rule):
    with pytest.raises(ValueError, match=f"optimizer__{setting} must be {rule}"):
        validate_optimizer(name, routed={setting: value})


def test_keras_own_refusals_name_the_setting():
    with pytest.raises(ValueError, match=r"AdamW does not take optimizer__weight_decay=None"):
        validate_optimizer("adamw", routed={"weight_decay": None})
    with pytest.raises(ValueError, match=r"SGD does not take optimizer__momentun=0\.9"):
        validate_optimizer("sgd", routed={"momentun": 0.9})


@pytest.mark.parametrize("rate", [True, "0.1", [0.1], keras.optimizers.schedules.CosineDecay])
def test_what_is_no_learning_rate_is_named(rate):
    with pytest.raises(ValueError, match=r"^learning_rate must be a number, an instance of"):
        validate_optimizer("sgd", rate)


def test_a_function_of_the_step_is_no_learning_rate_of_keras():
    with pytest.raises(ValueError, match="optimizer__learning_rate must be a function without"):
        validate_optimizer("sgd", routed={"learning_rate": lambda step: 0.1})


def test_settings_of_a_class_of_ones_own_are_its_own_business():
    class Mine(keras.optimizers.SGD):
        def __init__(self, boost=-2.0, **settings):
            super().__init__(**settings)
            self.boost = boost

        def get_config(self):
            return {**super().get_config(), "boost": self.boost}

    made = validate_optimizer(Mine, routed={"boost": "much", "momentum": 0}).make()
    assert (made.boost, made.momentum) == ("much", 0.0)

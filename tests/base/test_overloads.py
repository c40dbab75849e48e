"""Java's overloads: which form a call fits, and what a call that fits none is told."""

from __future__ import annotations

import pytest

from genesys_webmessaging._base.checks import Overloads

FORMS = Overloads("greet", "name", "name words", "greeting name words times?")


def test_the_first_form_that_fits_is_taken() -> None:
    assert FORMS.bind(("Ann",), {}) == {"name": "Ann"}
    assert FORMS.bind(("Ann", "hello"), {}) == {"name": "Ann", "words": "hello"}
    assert FORMS.bind(("Dear", "Ann", "hello"), {}) == {"greeting": "Dear", "name": "Ann", "words": "hello"}


def test_names_may_stand_for_positions() -> None:
    assert FORMS.bind((), {"name": "Ann"}) == {"name": "Ann"}
    assert FORMS.bind(("Ann",), {"words": "hello"}) == {"name": "Ann", "words": "hello"}
    assert FORMS.bind((), {"words": "w", "greeting": "g", "name": "n"}) == {"greeting": "g", "name": "n", "words": "w"}


def test_an_optional_parameter_may_be_left_out_and_is_then_missing() -> None:
    assert "times" not in FORMS.bind(("Dear", "Ann", "hello"), {})
    assert FORMS.bind(("Dear", "Ann", "hello", 3), {})["times"] == 3
    assert FORMS.bind(("Dear", "Ann", "hello"), {"times": None})["times"] is None


@pytest.mark.parametrize(
    ("args", "named", "given"),
    [
        ((), {}, "0 positional arguments"),
        ((1, 2, 3, 4, 5), {}, "5 positional arguments"),
        ((1,), {"times": 2}, "1 positional argument, times="),
        ((1,), {"name": 2}, "1 positional argument, name="),
        ((), {"nobody": 1}, "0 positional arguments, nobody="),
        ((1, 2), {"times": 3}, "2 positional arguments, times="),
    ],
)
def test_a_call_that_fits_no_form_is_told_all_forms(args: tuple[int, ...], named: dict[str, int], given: str) -> None:
    with pytest.raises(TypeError) as refused:
        FORMS.bind(args, named)
    assert str(refused.value) == (
        f"greet() was called with {given}; its forms are: "
        "greet(name); greet(name, words); greet(greeting, name, words, times=None)"
    )


def test_the_values_of_a_refused_call_are_not_repeated() -> None:
    with pytest.raises(TypeError) as refused:
        FORMS.bind(("s3cret",), {"nobody": "s3cret"})
    assert "s3cret" not in str(refused.value)

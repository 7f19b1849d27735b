"""Secrets in the forms in which programs print them, and texts that only look so."""

from __future__ import annotations

import pytest
from ordinary_texts import ORDINARY
from planted import planted
from secret_forms import FORMS

from dagprof.redaction import Redactor


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_left(form: str) -> None:
    for seed in range(5):
        made = planted(form, seed)
        shown = Redactor()(made.text)
        assert not [secret for secret in made.secrets if secret in shown], (made.text, shown)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_ordinary_texts_stay_together() -> None:
    """What stands before and behind decides about some of them."""
    text = "\n".join(ORDINARY)
    assert Redactor()(text) == text

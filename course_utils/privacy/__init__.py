"""Keeping data private: personal data in texts and models, noise with an account, access, and encrypted arithmetic."""

from course_utils.privacy.checksums import iban_remainder, is_card, luhn_sum, passport_digit
from course_utils.privacy.detect import find_personal, precision_and_recall, pseudonym, replaced
from course_utils.privacy.differential import best_guess, clip_rows, divergence_of_step, epsilon_spent, noise_for
from course_utils.privacy.ledger import chain, first_broken
from course_utils.privacy.texts import KINDS, Message, Span, make_messages

__all__ = [
    "KINDS",
    "Message",
    "Span",
    "best_guess",
    "chain",
    "clip_rows",
    "divergence_of_step",
    "epsilon_spent",
    "find_personal",
    "first_broken",
    "iban_remainder",
    "is_card",
    "luhn_sum",
    "make_messages",
    "noise_for",
    "passport_digit",
    "precision_and_recall",
    "pseudonym",
    "replaced",
]

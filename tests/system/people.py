# SPDX-License-Identifier: MIT
"""What a person does: reads the challenge from the terminal, approves it somewhere, presses Enter."""
import re

import authserver

QUESTION = r"Press Enter when you have approved"
CODE = r"[A-Z0-9]{4}-[A-Z0-9]{4}"


class Challenge:
    """The address and the code that a text shows, wherever its lines were broken."""

    def __init__(self, text):
        flat = " ".join(text.split())
        match = re.search(rf"Open (https?://\S+) and enter ({CODE})", flat)
        if not match:
            raise AssertionError(f"no address and code in:\n{text}")
        self.text, self.url, self.code = flat, match[1], match[2]


def await_challenge(terminal):
    """Waits until the challenge and the question below it are there."""
    start = getattr(terminal, "seen", 0)
    terminal.expect(QUESTION)
    return Challenge(terminal.text[start:])


def approve(challenge, person, deny=False, ca=None):
    """At the short address, with the code typed; without a browser."""
    through, page = authserver.visit(challenge.url, person, challenge.code, deny, ca)
    if not through:
        raise AssertionError(f"{person} could not get through:\n{page}")


def sign_in(terminal, person, deny=False, ca=None):
    """The whole of it on a plain terminal; returns the challenge."""
    challenge = await_challenge(terminal)
    approve(challenge, person, deny, ca)
    terminal.send("\n")
    return challenge

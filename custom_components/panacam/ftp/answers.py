"""What clients are told when something is refused: codes of RFC 959, texts of ours alone."""

from enum import Enum


class Answer(Enum):
    """A code and a text."""

    ALL_PORTS_TAKEN = "425", "All ports are taken; try again later."
    ANOTHER_NAME = "553", "There is one with that name."
    BEGINNING = "501", "Send it from the beginning."
    BROKE_OFF = "426", "It broke off."
    BROKEN_OFF = "426", "Broken off."
    BUSY = "450", "Too many files at a time; try again later."
    DISK = "451", "The disk did not take it."
    FAILED = "550", "That did not work."
    IPV6 = "522", "Network protocol not supported, use (2)"
    IPV4 = "522", "Network protocol not supported, use (1)"
    LOG_IN = "530", "Log in first."
    LOGGED_IN = "503", "You are logged in already."
    NAME = "553", "That is no name for a file or folder."
    NO_COMMAND = "502", "There is no such command here."
    NO_DATA_CONNECTION = "425", "Where to? Use PASV or EPSV first."
    NO_OPTION = "501", "There is no such option."
    NO_RENAME = "503", "Which file? Use RNFR first."
    NO_ROOM = "552", "There is no room for it."
    NO_USER = "503", "Who are you? Use USER first."
    NOT_ALLOWED = "550", "That is not allowed: files can only be put here."
    NOT_THAT_ONE = "504", "Not that one."
    NOT_THERE = "550", "There is no such file or folder."
    ONE_AT_A_TIME = "425", "One transfer at a time."
    PASSIVE = "502", "Set the client to passive mode."
    THERE_ALREADY = "550", "It is there already."
    TOO_LONG = "426", "It took too long."
    WHOLE_ALREADY = "550", "It is whole already."

    @property
    def code(self) -> str:
        """Return the three digits."""
        return self.value[0]

    @property
    def text(self) -> str:
        """Return the sentence behind them."""
        return self.value[1]


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """What a command is answered with instead."""

    def __init__(self, answer: Answer) -> None:
        """Take the answer."""
        super().__init__(answer.code)
        self.answer = answer

"""AccessError
├── AccessFileError    a file of ours cannot be read, or says what cannot be
└── GrafanaError       Grafana cannot be reached, or refused
"""


class AccessError(Exception):
    """What ends the command, as a sentence for whoever ran it."""


class AccessFileError(AccessError):
    """The access file or the token's file."""


class GrafanaError(AccessError):
    """One request that did not do what it was for."""

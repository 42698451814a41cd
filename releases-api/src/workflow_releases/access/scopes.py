"""What tokens may allow."""

SCOPES = ("publish", "audience")

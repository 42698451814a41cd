"""Text from outside (a catalog, a cluster, a file's name, a plug-in) as it may be shown to a person. Pure.

Control characters steer a terminal and forge log lines. Characters that cannot be seen, or that turn the
order of others around, make a text look like another one. The releases API refuses to
publish the same ones.
"""

import json
import re

# Ranges as they stand between the brackets of a regular expression.
CONTROL = "\\x00-\\x1f\\x7f-\\x9f"
# Unicode's Default_Ignorable_Code_Point and the separators of lines and paragraphs: zero-width, bidirectional
# and tag characters. Not the variation selectors of emoji (FE00 to FE0F), which hide nothing.
INVISIBLE = (
    "\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
)
_SURROGATE = "\\ud800-\\udfff"  # a byte of a file's name that is not UTF-8

_UNSEEN = re.compile(f"[{CONTROL}{INVISIBLE}{_SURROGATE}]")
_UNSEEN_IN_PROSE = re.compile(f"(?![\\t\\n])[{CONTROL}{INVISIBLE}{_SURROGATE}]")
_UNSEEN_IN_JSON = re.compile(f"[\\x7f-\\x9f{INVISIBLE}{_SURROGATE}]")  # JSON escapes the others itself


def escaped(text: str) -> str:
    """One line for a terminal or a log, in which each such character is spelled out: `\\x1b`."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def blanked(text: str) -> str:
    """One line in which each such character is a space, for a cell of a table."""
    return _UNSEEN.sub(" ", text)


def marked(text: str) -> str:
    """For a page: each such character is U+FFFD, the replacement character; line breaks stay."""
    return _UNSEEN_IN_PROSE.sub("\ufffd", text)


def escaped_json(document: str) -> str:
    """The same JSON document, fit for a terminal or a log."""
    return _UNSEEN_IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], document)

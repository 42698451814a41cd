"""The releases API: one authority for what is newest, which learns nothing about those who ask.

What belongs here: the catalog of releases (stored, published, served), who may publish, the answers
old agents expect, marks of instances. What never does: facts about a single cluster that did not
choose to report, addresses of those who ask, a second way to publish beside the tokens'.
"""

from importlib.metadata import version

__version__ = version("workflow-releases")

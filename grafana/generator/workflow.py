"""What the operators' board asks with: the agent that is chosen, each fact once.

Every query is reduced by the labels that it means, so the ones that scrapes add (pod, service, endpoint,
container) count nothing twice while an agent is replaced. `namespace` is whatever the scrape says; without
such a label all is one group.
"""

CATALOG = "workflow_exporter_catalog_generated_timestamp_seconds"  # there where an agent has one to judge by

_HERE = 'namespace=~"$namespace",job=~"$job"'


def series(name: str, *matchers: str) -> str:
    """Of the agents that are chosen."""
    return f"{name}{{{','.join((_HERE, *matchers))}}}"


def each(name: str, labels: str, *matchers: str) -> str:
    """Once for each set of labels, however many scrapes show it."""
    return f"max by ({labels}) ({series(name, *matchers)})"


def zero(name: str) -> str:
    """0 where an agent shows this metric; nothing where none does, since then it cannot be told."""
    return f"max(0 * {series(name)})"

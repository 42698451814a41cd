"""The agent: what runs of a Workflow platform in one Kubernetes cluster, and how fresh it is.

Data flows one way: raw objects -> Inventory -> (with Catalog) Assessments -> Snapshot -> outputs.
The core (`image version inventory catalog freshness bundle snapshot`) is pure: values and decisions,
no clock, no I/O, no environment. I/O lives in `cluster`, `releases`, `web` and `reporter`; only `app`
knows all parts.
"""

__version__ = "0.1.0"

"""What the agent serves: the page, the JSON API, the legacy routes, and `/metrics`.

Here belongs what turns a snapshot into an answer. Nothing here reads a cluster or a catalog, and
nothing here judges: verdicts come with the snapshot. What may be routed in public is made from
`disclosure` alone.
"""

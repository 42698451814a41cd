"""A made-up fleet whose truth is known: for `make demo`, for the boards' pictures, for the bench, for tests.

What belongs here: drawing a fleet from a seed (`plan`), the releases it runs (`releases`), its reports by the
agent's own code (`reports`), its past as text for promtool (`past`) and as the shipped rules count it
(`recount`), its present through the gateway (`present`), and what must be counted of it (`truth`, which
knows no PromQL). `site` is the hosting team's side that all of it is sent to. What may never be here: a real
cluster.
"""

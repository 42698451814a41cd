"""The boards as plain data, and what makes Grafana's JSON of them (`make generate`).

One module a board; `panels`, `tables`, `variables` and `layout` know Grafana's format, the boards do not.
Descriptions are taken from the tables that define the numbers (`meanings`), never written a second time.
"""

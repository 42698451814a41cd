"""The catalog: what was released, who may say so, and the bytes that everyone downloads.

Decisions (`model validation newest decisions body signature prepared`) are pure functions of values;
`store`, `publish` and `shipped` do the reading and writing. Nothing here knows HTTP.
"""

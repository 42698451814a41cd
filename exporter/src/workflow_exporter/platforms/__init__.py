"""Platforms are data: which components make up a platform, and by what they are recognised.

Here belong the profiles (YAML), their reader and the choice among them. Never any I/O against a
cluster, never a version that is "newest" (that is the catalog's).
"""

"""Marks on instances: whose reports count as staff, CI or tests whatever they say of themselves.

An instance is known here by its random id alone; nothing else about it belongs here.
"""

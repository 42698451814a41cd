"""Alembic's scripts, one a change of the schema; they ship in the wheel and are never edited afterwards."""

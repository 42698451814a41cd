"""What Alembic runs: all migrations in the one transaction that `database.schema` opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite's transactions hold CREATE and ALTER too; only Python's old default did not.
    transactional_ddl=True,
)
context.run_migrations()

"""The database: tables, migrations, transactions, the change counter and the audit trail.

SQLite in a file for one replica, PostgreSQL for several. What the rows mean is the business of the
packages above; reads of the catalog never come here.
"""

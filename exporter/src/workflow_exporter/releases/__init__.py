"""Where the catalog comes from, and which one is held.

Here belong the sources (a file; later HTTPS) and the keeping of the last good catalog. A source fetches
bytes and believes them: a signature over the body, where keys are configured, will be checked between
the two (`believe`). What makes a document right is the core's (`catalog_document`); nothing here judges
versions, and nothing of the cluster may ever be handed to a source but the platform's name.
"""

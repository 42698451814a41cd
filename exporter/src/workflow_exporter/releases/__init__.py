"""Where the catalog comes from, and which one is held.

Here belong the sources (a file, the releases API), when they are asked, and the keeping of the last good
catalog. What a source fetches passes one place (`source.believe`): first the signature, where keys are
configured, then the document's own rules, which are the core's (`catalog_document`). Nothing here judges
versions, and nothing of the cluster may ever be handed to a source but the platform's name.
"""

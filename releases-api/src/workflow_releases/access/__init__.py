"""Who may write: tokens with scopes. A token is shown once; the store keeps only its hash."""

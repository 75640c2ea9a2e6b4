"""Who may do what: who calls, which scopes they have, and which policies they may see and change."""

"""Who may talk to whom: policies, tags and security groups as values. Nothing here reads or writes anything."""

"""Plain frozen data that every room speaks; imports nothing of ours and touches nothing outside itself."""

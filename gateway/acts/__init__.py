"""Control lines that do something of their own (`Status:`, `Fact:` ...): a table, and how each is done."""

"""New projects, and old ones moved here: what to write, as text."""

"""What the hooks do: have the engine build, in a place that stays, and finish what it made."""

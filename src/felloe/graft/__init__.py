"""What to copy into a wheel and under which name, decided without effects."""

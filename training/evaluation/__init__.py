"""How good a model is on what it never saw, beside what anybody could have said without it."""

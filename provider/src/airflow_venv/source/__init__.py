"""Extract the source of a function from its file, together with the definitions of names that it uses."""

"""The source of a function: cut out of its file, with the names it needs."""

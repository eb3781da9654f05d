"""The operator's side of a task: starts the child, serves its requests, and collects the outcome."""

"""The environments of a Dockerfile on this machine, without an engine: made by the same step as in an image."""

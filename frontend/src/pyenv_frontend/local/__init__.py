"""The environments of a Dockerfile on this machine, without an engine: made by the step that makes them in an image."""

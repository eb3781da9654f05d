"""Build tools: engines, base images, releases, generated files and recordings."""

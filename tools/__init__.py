"""What makes the product: engines, base images, releases, generated files and recordings."""

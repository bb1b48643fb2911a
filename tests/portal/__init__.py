"""Keys by a real desktop portal, in a nested desktop: `make test-portal`."""

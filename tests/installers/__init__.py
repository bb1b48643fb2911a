"""What needs built packages, root, chroots or other processors: `make test-installers`."""

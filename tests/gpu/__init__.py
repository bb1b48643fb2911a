"""Tests of the path over a graphics card; run by `make test-gpu` alone, which builds for them."""

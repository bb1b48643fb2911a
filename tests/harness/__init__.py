"""What the tests stand on: no network, no left-overs, a hermetic home, a screen of their own."""

"""Model files on this computer: headers, memory they need, where they are."""

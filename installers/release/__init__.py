"""What a release needs beside its packages: the signed file that tells of it."""

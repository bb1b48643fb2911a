"""Text out of documents that anybody may have made. Runs in a process of its own (`side_jobs`)."""

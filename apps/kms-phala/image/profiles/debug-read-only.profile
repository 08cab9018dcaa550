debug-read-only

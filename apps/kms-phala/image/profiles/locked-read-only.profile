locked-read-only

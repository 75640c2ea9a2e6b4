"""What a verb would do now on this host, without doing it, as lines that somebody could type."""

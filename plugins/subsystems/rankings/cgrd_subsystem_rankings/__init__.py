"""RankingS: orders statistics."""

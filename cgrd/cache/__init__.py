"""CacheS' partitions: least recently used, time to live, groups."""

from cgrd.cache.cache import READY, Cache
from cgrd.cache.partition import CacheStats, Partition, PartitionConfig

__all__ = ["READY", "Cache", "CacheStats", "Partition", "PartitionConfig"]

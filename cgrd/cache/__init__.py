"""CacheS' partitions: least recently used, time to live, groups, transactions."""

from cgrd.cache.cache import PRECACHING, READY, Cache
from cgrd.cache.partition import CacheStats, Partition, PartitionConfig

__all__ = ["PRECACHING", "READY", "Cache", "CacheStats", "Partition", "PartitionConfig"]

"""CDRs: rates, keeps and hands on charging detail records."""

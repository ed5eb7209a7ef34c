"""Judgement of a canary by the counters of its pods: what is asked, and what the answers mean."""

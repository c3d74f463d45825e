"""Hypothesis chooses what happens to a real daemon between real servers."""

"""Drawings of a graph: DOT and Mermaid."""

"""Drawings of a graph in Mermaid and DOT."""

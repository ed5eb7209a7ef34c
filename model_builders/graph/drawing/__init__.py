"""Drawings of a graph: SVG and Mermaid."""

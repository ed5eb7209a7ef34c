"""A graph as a picture for people: SVG and Mermaid."""

"""Triton's model repository on disk: archives unpacked, files checked and laid out."""

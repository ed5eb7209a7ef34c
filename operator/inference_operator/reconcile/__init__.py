"""One pass over one object, and the queue that decides which object is next."""

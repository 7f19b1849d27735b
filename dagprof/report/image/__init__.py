"""Files for Docker images: requirements, a Dockerfile, and build arguments."""

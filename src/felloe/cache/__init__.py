"""What is kept between builds, in the user's cache directory."""

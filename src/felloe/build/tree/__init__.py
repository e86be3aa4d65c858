"""Build trees that are kept between builds."""

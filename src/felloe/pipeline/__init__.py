"""The stories that the hooks and commands tell, each as its list of stages."""

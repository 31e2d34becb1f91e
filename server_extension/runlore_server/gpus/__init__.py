"""The GPUs of this machine: which there are, what a job may ask of them, and who holds which."""

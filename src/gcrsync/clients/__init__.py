"""What the clients of registries read: files that name images, and the configuration of machines that pull them."""

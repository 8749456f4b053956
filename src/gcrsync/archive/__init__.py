"""OCI image layouts on disk, and archives of images."""

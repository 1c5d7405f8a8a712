"""What a person or a machine runs around the app: the sample, the class archive, the picture."""

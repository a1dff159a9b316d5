"""What a file is, by its bytes: pictures, videos, sounds and short texts."""

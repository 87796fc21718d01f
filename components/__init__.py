"""The rooms of the platform: each declares one part of it from its settings and from what other rooms hand it."""

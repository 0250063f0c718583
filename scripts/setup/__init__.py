"""What installs Obod, and what begins a new layer or criterion."""

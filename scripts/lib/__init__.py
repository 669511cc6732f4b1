"""What the scripts share; nothing in here is part of the integration."""

"""Every text that the gateway writes itself, one module for each occasion."""

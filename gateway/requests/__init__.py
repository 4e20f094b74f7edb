"""What coordinators without a shell ask for by mail, on `-request`."""

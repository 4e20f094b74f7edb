"""What is kept back: mails, posts and acts that wait for somebody to decide."""

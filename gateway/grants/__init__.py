"""One disclosure for somebody who is no member: the key that came with the line, letting in, ending."""

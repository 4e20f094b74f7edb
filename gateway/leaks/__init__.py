"""A leak case after its alarm: vouched for, assessed, told of again and again, learnt from."""

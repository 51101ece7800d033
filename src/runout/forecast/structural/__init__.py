"""The structural forecast: how far the price may go, what rests there, what that comes to in dollars."""

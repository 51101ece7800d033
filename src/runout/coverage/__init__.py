"""What a total covers: capture of capped feeds, the ratio to the whole market, core venues, published figures."""

"""Every model of the forecast, walked forward: scores, curves and the page of them."""

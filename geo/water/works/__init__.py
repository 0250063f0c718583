"""Which works on canals to do under a budget: their worth together, the best set, and a bound that is proved."""

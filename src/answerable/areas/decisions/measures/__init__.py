"""Methods on decisions: each module holds the method of its name; `answerable methods` lists them."""

"""What must happen to a value's text between two column types, a module for each family of types.

A rule takes the source's type and the target's: None when every text stays as it is, a function when a text may change or not fit, `Unfit`
when the pair would lose or change values. `cdc.mapping.convert` has the table of all pairs.
"""

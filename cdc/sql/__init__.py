"""Plans to SQL text: names, literals, statements and the tables of our own, one module per engine. Pure."""

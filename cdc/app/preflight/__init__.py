"""Both servers asked, before anything runs, what keeps a pipeline from running: privileges, tables, queries, gaps, what was compiled before."""

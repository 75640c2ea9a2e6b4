"""The rules: a module for each group, a function for each rule, which yields a sentence for each breach."""

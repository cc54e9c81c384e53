"""Trains the fraud model from a table of orders, features and labels.

`orderflow models train fraud` writes the table and runs this; `README.md` beside the crate explains the method.
"""

"""The catalogue: its models, how its TOML is read, every check of it, and the catalogues that come along.

Its door: `load.load_catalogue`, which tells every mistake in a folder or gives a `model.Catalogue`. `shipped/` is the
province's own, `template/` the small one that another province starts from.
"""

"""Documents generated from events and catalogue: JSON Schemas, the AsyncAPI document, references for people.

Its door: `documents.documents`, the text of each by its path.
"""

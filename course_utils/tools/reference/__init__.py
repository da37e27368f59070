"""The reference shelf of the site: a glossary, the notation, cards of models and data, a page on each notebook."""

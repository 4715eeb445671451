"""Presentation of results: tables, figures, viewer and paper."""

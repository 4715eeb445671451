"""What people look at: tables, figures, viewer and paper."""

"""This computer: its clock, its processor, its kernel settings and file trees."""

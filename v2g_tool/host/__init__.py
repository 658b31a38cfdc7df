"""The EMS computer: its kernel settings, its processor, its clock."""

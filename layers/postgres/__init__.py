"""PostgreSQL itself: cluster, engine, roles, binary forms. Knows no layer."""

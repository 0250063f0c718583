INSERT INTO public.layer_styles (
    f_table_catalog, f_table_schema, f_table_name, f_geometry_column, stylename, styleqml, useasdefault, description, owner
) VALUES (current_database(), {schema}, {table}, 'geom', {title}, {style}, true, {about}, 'Obod')

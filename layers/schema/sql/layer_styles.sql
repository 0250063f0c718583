-- How QGIS draws a table, where QGIS looks for it; made as QGIS makes it but for texts instead of XML, and others' styles in it are left alone.
CREATE TABLE IF NOT EXISTS public.layer_styles (
    id serial PRIMARY KEY, f_table_catalog varchar, f_table_schema varchar, f_table_name varchar,
    f_geometry_column varchar, stylename text, styleqml text, stylesld text, useasdefault boolean, description text,
    owner varchar(63), ui text, update_time timestamp DEFAULT CURRENT_TIMESTAMP
);
DELETE FROM public.layer_styles WHERE f_table_schema = {schema} AND owner = 'Obod'

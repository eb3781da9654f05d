select * from (values (1, 'Oslo', 3), (2, 'Lima', 5), (3, 'Oslo', 4)) as t (id, city, amount)

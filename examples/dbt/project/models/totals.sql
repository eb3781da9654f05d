select city, sum(amount) as amount from {{ ref('orders') }} group by city

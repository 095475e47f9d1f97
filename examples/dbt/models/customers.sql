select
    raw_customers.id as customer_id,
    raw_customers.first_name as first_name,
    sum(orders.amount) as revenue
from {{ ref('raw_customers') }} as raw_customers
left join {{ ref('orders') }} as orders on orders.customer_id = raw_customers.id
group by raw_customers.id, raw_customers.first_name

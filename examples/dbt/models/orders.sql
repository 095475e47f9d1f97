select
    id as order_id,
    customer as customer_id,
    cents / 100.0 as amount
from {{ ref('raw_orders') }}

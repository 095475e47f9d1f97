"""Two tables made of two others, in PostgreSQL. Nothing here knows of lineage."""

from datetime import UTC, datetime

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

TABLES = """
create table if not exists raw_customers (id int, first_name text, last_name text);
create table if not exists raw_orders (id int, customer int, cents int);
create table if not exists orders (order_id int, customer_id int, amount numeric);
create table if not exists customers (customer_id int, first_name text, revenue numeric);
"""
ORDERS = """
insert into orders (order_id, customer_id, amount)
select id as order_id, customer as customer_id, cents / 100.0 as amount
from raw_orders
"""
CUSTOMERS = """
insert into customers (customer_id, first_name, revenue)
select c.id as customer_id, c.first_name as first_name, sum(o.amount) as revenue
from raw_customers as c
left join orders as o on o.customer_id = c.id
group by c.id, c.first_name
"""


def statement(task_id: str, sql: str) -> SQLExecuteQueryOperator:
    return SQLExecuteQueryOperator(task_id=task_id, conn_id="shop", sql=sql, split_statements=True)


with DAG("shop", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    (
        statement("create_tables", TABLES)
        >> statement("load_orders", ORDERS)
        >> statement("load_customers", CUSTOMERS)
    )

"""DAG files that mostly contain code which builds no DAG (DP201)."""

from __future__ import annotations

import re

from practices_corpus.planted import planted

_CUSTOMERS = '''def clean_name(text):
    """Remove what is no part of a name."""
    text = text.strip().lower()
    for mark in ".,;:!?":
        text = text.replace(mark, " ")
    words = [word for word in text.split() if word not in {"inc", "ltd", "gmbh"}]
    return " ".join(word.capitalize() for word in words)


def parse_amount(text):
    """Read an amount in one of three notations."""
    text = text.replace("EUR", "").replace("USD", "").strip()
    if not text:
        return None
    if "," in text and "." in text:
        if text.rindex(",") > text.rindex("."):
            text = text.replace(".", "").replace(",", ".")
        else:
            text = text.replace(",", "")
    elif "," in text:
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def group_by_customer(rows):
    """Sum up the amounts of customers."""
    totals = {}
    for row in rows:
        name = clean_name(row["customer"])
        amount = parse_amount(row["amount"])
        if amount is None:
            continue
        totals.setdefault(name, {"amount": 0.0, "orders": 0})
        totals[name]["amount"] += amount
        totals[name]["orders"] += 1
    return totals


def rank(totals, limit):
    """Return the customers with the largest amounts."""
    ordered = sorted(totals.items(), key=lambda item: item[1]["amount"], reverse=True)
    ranks = {}
    place, last = 0, None
    for name, values in ordered:
        if values["amount"] != last:
            place += 1
            last = values["amount"]
        if place > limit:
            break
        ranks[name] = place
    return ranks


def join_addresses(totals, addresses):
    """Add the city and the country of each customer."""
    by_name = {clean_name(each["name"]): each for each in addresses}
    joined = []
    for name, values in totals.items():
        address = by_name.get(name)
        if address is None:
            joined.append({"name": name, "city": "", "country": "", **values})
            continue
        city = address.get("city", "").title()
        country = address.get("country", "").upper()
        if country == "UK":
            country = "GB"
        joined.append({"name": name, "city": city, "country": country, **values})
    return joined


def check(rows):
    """Raise an error if the rows cannot be right."""
    problems = []
    for number, row in enumerate(rows):
        if not row["name"]:
            problems.append(f"row {number} has no name")
        if row["amount"] < 0:
            problems.append(f"row {number} has a negative amount")
        if row["orders"] == 0:
            problems.append(f"row {number} has no orders")
    if problems:
        raise ValueError("; ".join(problems))
    return rows
'''

_FUNCTION = re.compile(r"\b(clean_name|parse_amount|group_by_customer|rank|join_addresses|check)\(")


def _of(kind: str) -> str:
    """The same code for other rows."""
    return _FUNCTION.sub(rf"\1_of_{kind}(", _CUSTOMERS).replace('"customer"', f'"{kind}"')


_CLEANING = "\n\n".join((_CUSTOMERS, _of("supplier"), _of("partner"), _of("shop")))


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line if line.strip() else line for line in text.splitlines(True))


PLANTED = (
    planted(
        "DP201",
        "customers_by_functions",
        f"""
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


{_CLEANING}

def run(**context):
    rows = [{{"customer": "Acme Ltd.", "amount": "1.200,50 EUR"}}]
    return rank(group_by_customer(rows), 10)


with DAG(
    "customers_by_functions", start_date=datetime.datetime(2024, 1, 1), schedule="@daily"
) as dag:
    PythonOperator(task_id="run", python_callable=run)
""",
    ),
    planted(
        "DP201",
        "customers_by_task",
        f"""
from airflow.sdk import dag, task


@dag(schedule=None)
def customers_by_task():
    @task
    def run():
{_indented(_CLEANING, 8)}
        rows = [{{"customer": "Acme Ltd.", "amount": "1.200,50 EUR"}}]
        return rank(group_by_customer(rows), 10)

    run()


customers_by_task()
""",
    ),
    planted(
        "DP201",
        "customers_by_class",
        f'''
from airflow.sdk import DAG, task


class Customers:
    """The customers of the shop."""

{_indented(_CLEANING.replace("def ", "@staticmethod" + chr(10) + "def "), 4)}

with DAG("customers_by_class", schedule="@weekly"):

    @task
    def names():
        return [Customers.clean_name(name) for name in ("acme", "beta")]

    names()
''',
    ),
    planted(
        "DP201",
        "customers_by_operator",
        f'''
import datetime

from airflow import DAG
from airflow.models import BaseOperator


class CustomersOperator(BaseOperator):
    """Reads, cleans, joins and ranks the customers."""

    template_fields = ("path",)

    def __init__(self, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path

    def execute(self, context):
{_indented(_CLEANING, 8)}
        rows = [{{"customer": "Acme Ltd.", "amount": "1.200,50 EUR"}}]
        return check(join_addresses(group_by_customer(rows), []))


dag = DAG("customers_by_operator", start_date=datetime.datetime(2024, 1, 1), schedule=None)
CustomersOperator(task_id="customers", path="/data/customers", dag=dag)
''',
    ),
    planted(
        "DP201",
        "customers_and_main",
        f'''
import argparse
import sys

import airflow.sdk as af


{_CLEANING}

class Report:
    """A report of customers, as text."""

    def __init__(self, ranks):
        self.ranks = ranks

    def lines(self):
        width = max(map(len, self.ranks), default=0)
        for name, place in self.ranks.items():
            yield f"{{place:>3}} {{name:<{{width}}}}"

    def text(self):
        return "\\n".join(self.lines())


def main(arguments):
    """Print the report, for trying the code without Airflow."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, default=10)
    given = parser.parse_args(arguments)
    rows = [{{"customer": "Acme Ltd.", "amount": "5"}}]
    print(Report(rank(group_by_customer(rows), given.limit)).text())


@af.dag(schedule="@daily", catchup=False)
def customers_and_main():
    af.task(main)(["--limit", "5"])


if __name__ == "__main__":
    main(sys.argv[1:])
else:
    customers_and_main()
''',
    ),
)
